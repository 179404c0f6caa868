/* stepping.h - a thread steps through what it runs: after each instruction comes a SIGTRAP. On x86-64 alone. */
#ifndef STEPPING_H
#define STEPPING_H

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

#endif
