/*
 * sites.h - which code holds the memory: the sampled blocks of a heap that are live, by the stack that allocated them.
 */
#ifndef SITES_H
#define SITES_H

#include "backtrace.h"
#include "reader.h"
#include "source.h"

#include <stddef.h>
#include <stdint.h>

struct site {
	uint64_t frames[BACKTRACE_FRAMES]; /* addresses in the calls, the innermost first */
	unsigned frame_count;              /* 0: none were taken */
	uint64_t blocks;                   /* sampled ones */
	uint64_t bytes;                    /* that were asked for in these */
};

struct sites {
	struct site *all; /* those that hold the most first */
	size_t count;
	uint64_t one_in; /* each block stands for so many */
	uint64_t blocks; /* in all */
	uint64_t bytes;
	uint64_t blocks_max; /* that may be live at a time */
	uint64_t missed;     /* for which there was no room any more */
	uint64_t live_bytes; /* what the program holds in all, sampled or not */
	uint64_t torn;       /* blocks that could not be told */
};

/* Reads the sites of a process that samples. Returns: false with the error set; the sites are then empty. */
bool sites_take(struct source *source, struct sites *sites, struct tool_error *error);

void sites_free(struct sites *sites);

/* An estimate of what a sampled count, or size, stands for. */
uint64_t sites_estimate(const struct sites *sites, uint64_t sampled);

#endif
