/*
 * awake.h - whether a thread has slept since it last came by: asked of every malloc, together with whether there is
 * something at hand, by one comparison.
 *
 * Linux clears a word of each thread, rseq_cs, when the thread loses its processor or gets a signal, unless it is in the
 * sequence of instructions that the word names (linux/rseq.h). Nobody ever is in the one that is named here; so the word
 * stays as long as the thread runs without a break. (tcmalloc asks that of cpu_id_start: its docs/rseq.md.)
 * Where there is no such word, before glibc 2.35 or where the system or the user has turned it off, a thread stays awake
 * for ever. From a signal handler, all of this may be called.
 */
#ifndef AWAKE_H
#define AWAKE_H

#include <stdbool.h>
#include <stdint.h>

/* Above all addresses: not one. */
#define AWAKE_NO_ADDRESS ((void *)UINTPTR_MAX)

/* Where the word lies, from the thread pointer on. */
extern uintptr_t awake_word_at __attribute__((visibility("hidden")));

/* To be called before threads are noted as awake; the addresses that are asked about end before end. */
void awake_boot(uintptr_t end);

/* This thread is awake, from now on. */
void awake_note(void);

/* Whether ptr is an address, and the thread has not slept since it was noted as awake.
 * Requires: ptr lies before the end that awake_boot was told, or is AWAKE_NO_ADDRESS. */
static inline bool awake_with(const void *ptr)
{
#ifdef __x86_64__
	__asm__ goto("cmp %%fs:(%1), %0\n\t"
	             "jae %l2"
	             :
	             : "r"(ptr), "r"(awake_word_at)
	             : "cc"
	             : asleep);
	return true;
asleep:
	return false;
#else
	const char *thread = __builtin_thread_pointer();

	return (uintptr_t)ptr < *(const volatile uintptr_t *)(thread + awake_word_at);
#endif
}

/* Whether the thread has slept since it was noted as awake, or never was. */
static inline bool awake_not(void)
{
	return !awake_with((void *)1);
}

#endif
