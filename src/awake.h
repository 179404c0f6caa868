/*
 * awake.h - whether a thread has slept since it last came by: asked of every malloc, together with whether there is
 * something at hand, and of every free, together with whether the block is one of its arena: each by one comparison.
 *
 * Linux clears a word of each thread, rseq_cs, when the thread loses its processor or gets a signal, unless it is in the
 * sequence of instructions that the word names (linux/rseq.h); then the thread goes on elsewhere, to start it over. So the
 * word stays as long as the thread runs without a break, and a thread that has slept never goes on in the middle of the
 * sequence. (tcmalloc asks the one of cpu_id_start, and uses the other: its docs/rseq.md.)
 * Two things are not to be relied upon: since Linux 6.19 a thread that sleeps in a call of the system keeps its word. And a
 * program may have sequences of its own, which the word goes on naming: their names lie at multiples of 32, ours in
 * between, so no other is taken for them.
 * The sequence is named once a number, so that a thread's word also tells the number that it was noted with.
 * Where there is no such word, before glibc 2.35 or where the system or the user has turned it off, a thread stays awake
 * until it is forgotten. From a signal handler, all of this may be called.
 */
#ifndef AWAKE_H
#define AWAKE_H

#include <stdbool.h>
#include <stdint.h>

/* Above all addresses: not one. */
#define AWAKE_NO_ADDRESS ((void *)UINTPTR_MAX)

/* Shifted by so much, a word that notes a thread as awake is above all addresses, and any other is 0. */
#define AWAKE_SHIFT 59

/* Threads are noted with numbers from 0 on, at most so many. */
#define AWAKE_NUMBERS_MAX 255u

/* Where the word lies, from the thread pointer on; what it says of a thread that is awake, and of one that is not. */
extern uintptr_t awake_word_at __attribute__((visibility("hidden")));
extern uintptr_t awake_first __attribute__((visibility("hidden")));
#define AWAKE_STEP 32u
#define AWAKE_NOT  ((uintptr_t)0)

/* The sequence: one of the rooms above may say in the section awake_sequence which instructions it is. Each of these
 * counts from its own address on. */
struct awake_sequence {
	int32_t start;
	int32_t end;
	int32_t restart; /* where a thread goes on that lost its processor in it */
};

/* To be called before all else: there are so many numbers. */
void awake_boot(unsigned numbers);

/* Whether awake_interrupt_all can do what it is for. */
extern bool awake_interrupts;

/* From here on no other thread goes on in the middle of the sequence, but from its restart. Orders memory as if each had
 * made a full fence. Returns: false, and nothing has changed, when the system cannot do that. */
bool awake_interrupt_all(void);

/* Whether the system sees to the word of a thread, which it does not where that has given up its sequences. To be asked
 * after they were interrupted. What the thread has at theirs, thread-locally, is at ours in this one. */
bool awake_is_watched(const void *theirs, const void *ours);

/* What the word of an awake thread says that was noted with the number. */
static inline uintptr_t awake_word(unsigned number)
{
	return awake_first - (uintptr_t)number * AWAKE_STEP;
}

/* The same in short: its lower half of 32 bits, again halved. All differ, and from AWAKE_NOT. */
static inline uint16_t awake_mark(unsigned number)
{
	return (uint16_t)awake_word(number);
}

#if defined __x86_64__ && defined __clang__
#define AWAKE_ASKS_FOR_THREAD (__clang_major__ < 14)
#elif defined __x86_64__
#define AWAKE_ASKS_FOR_THREAD (__GNUC__ < 11)
#else
#define AWAKE_ASKS_FOR_THREAD 0
#endif

/* GCC before 11 and Clang before 14 do not make it for x86_64, where the first word of a thread's block is its address. */
static inline char *awake_thread(void)
{
#if AWAKE_ASKS_FOR_THREAD
	char *thread;

	__asm__("mov %%fs:0, %0" : "=r"(thread));
	return thread;
#else
	return __builtin_thread_pointer();
#endif
}

static inline volatile uintptr_t *awake_own_word(void)
{
	return (volatile uintptr_t *)(void *)(awake_thread() + awake_word_at);
}

/* Whether ptr is an address, and the thread has not slept since it was noted as awake. */
static inline bool awake_with(const void *ptr)
{
	return (uintptr_t)ptr < *awake_own_word() << AWAKE_SHIFT;
}

/* Whether the thread was noted with the number that the mark is of, and has not slept since. */
static inline bool awake_as(uint16_t mark)
{
	return mark == (uint16_t)*awake_own_word();
}

/* Whether the thread has slept since it was noted as awake, or is not noted. */
static inline bool awake_not(void)
{
	return !awake_with((void *)1);
}

/* This thread is awake, from now on; or nobody is to take it for that. */
static inline void awake_note(unsigned number)
{
	*awake_own_word() = awake_word(number);
}

static inline void awake_forget(void)
{
	*awake_own_word() = AWAKE_NOT;
}

#endif
