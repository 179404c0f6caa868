/* stepping.h - a thread steps through what it runs: after each instruction comes a SIGTRAP. On x86-64 alone. And blocks of
 * all kinds, that are made by steps, and grow. */
#ifndef STEPPING_H
#define STEPPING_H

#include "test.h"

#include <ucontext.h>

#define STEPPING_FLAG 0x100

static inline void stepping_begin(void)
{
	__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq" ::: "memory", "cc");
}

/* In the handler of the signal, which is given its context. */
static inline void stepping_end(void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~STEPPING_FLAG;
}

/* Whether the thread steps; the handler ends it where it does not. */
static volatile bool stepping;

static inline void step(bool on)
{
	stepping = on;
	if (on)
		stepping_begin();
}

enum { STEPPED_BLOCKS = 70, STEPPED_GROWN = 400000 };

static char *stepped[STEPPED_BLOCKS], *stepped_grown;

static inline size_t stepped_bytes(unsigned i)
{
	return i < 60 ? 48 : i < 68 ? 3000 : 100000;
}

static inline void stepped_make(void)
{
	step(true);
	for (unsigned i = 0; i < STEPPED_BLOCKS; i++)
		stepped[i] = (char *)malloc(stepped_bytes(i));
	stepped_grown = (char *)realloc(malloc(100000), STEPPED_GROWN);
	step(false);
	for (unsigned i = 0; i < STEPPED_BLOCKS; i++)
		fill(stepped[i], stepped_bytes(i), i);
	fill(stepped_grown, STEPPED_GROWN, 99);
}

/* Each holds what it was given. */
static inline void stepped_check(void)
{
	for (unsigned i = 0; i < STEPPED_BLOCKS; i++)
		REQUIRE(filled(stepped[i], stepped_bytes(i), i));
	REQUIRE(filled(stepped_grown, STEPPED_GROWN, 99));
}

/* All but the one that grew. To be called while the thread steps. */
static inline void stepped_free(void)
{
	for (unsigned i = 0; i < STEPPED_BLOCKS; i++)
		free(stepped[i]);
}

#endif
