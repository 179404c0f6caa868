/* sequences.h - whether threads have restartable sequences, by which the library knows that one has slept. */
#ifndef SEQUENCES_H
#define SEQUENCES_H

#include <stdbool.h>

/* Since glibc 2.35. */
#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>

static inline bool has_sequences(void)
{
	return __rseq_size != 0;
}

/* Those of this thread. */
static inline struct rseq *own_sequences(void)
{
	return (struct rseq *)(void *)((char *)__builtin_thread_pointer() + __rseq_offset);
}
#else
static inline bool has_sequences(void)
{
	return false;
}
#endif

#endif
