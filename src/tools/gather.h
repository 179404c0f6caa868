/*
 * gather.h - many small reads in few large ones.
 */
#ifndef GATHER_H
#define GATHER_H

#include "source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gather_part {
	uint64_t address;
	size_t bytes;
	void *to;
	bool done; /* set when it could be read */
};

/* Reads all parts, in the order of their addresses; those close to each other in one go. */
void gather(struct source *source, struct gather_part *parts, size_t count);

#endif
