/* refused.h - a block that was freed is read, after a request that was refused. */
#ifndef REFUSED_H
#define REFUSED_H

#include "test.h"
#include <sys/resource.h>

/* Returns: what is read at so many bytes from the start of the block, which is a crime. */
static inline int read_after_refusal(size_t bytes, size_t at, size_t request)
{
	volatile char *block = malloc(bytes);
	volatile size_t too_much = request;

	REQUIRE(block);
	free((void *)block);
	REQUIRE(malloc(too_much) == NULL);
	crime(block);
	return block[at];
}

/* More than the machine has: from here on the system refuses it in any case. */
static inline size_t more_than_memory(void)
{
	rlim_t memory = (rlim_t)sysconf(_SC_PHYS_PAGES) * (rlim_t)sysconf(_SC_PAGESIZE);
	const struct rlimit limit = {memory, memory};

	REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
	return memory + memory / 4;
}

#endif
