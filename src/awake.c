/*
 * awake - tells whether a thread has slept.
 *
 * Holds:  where the word of each thread is; the sequence that it names while the thread is awake.
 * Always: that sequence is none: no thread ever is in it. It lies above every address that is asked about.
 * Locks:  none.
 */
#include "awake.h"

#include <stddef.h>

#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif

uintptr_t awake_word_at;

/* What the word of a thread says that is awake. */
static uintptr_t awake;

/* The word of every thread, where the system has none. */
static __thread uintptr_t own_word __attribute__((tls_model("initial-exec")));

static char *thread_pointer(void)
{
	return __builtin_thread_pointer();
}

#ifdef RSEQ_SIG

/* The library is to be loaded by a glibc that has none, too. */
extern __typeof__(__rseq_offset) __rseq_offset __attribute__((weak));

/* The system expects the signature in front of where a thread would go on that it finds in the sequence. */
static struct {
	struct rseq_cs named;
	uint32_t signature;
	uint32_t after;
} sequence;

static bool word_find(uintptr_t end)
{
	if (&__rseq_offset == NULL || (uintptr_t)&sequence < end)
		return false;
	const struct rseq *rseq = (const void *)(thread_pointer() + __rseq_offset);
	if ((int32_t)rseq->cpu_id < 0)
		return false; /* the system, or the user, does not want it */
	sequence.named.start_ip = (uintptr_t)&sequence;
	sequence.named.post_commit_offset = 1;
	sequence.named.abort_ip = (uintptr_t)&sequence.after;
	sequence.signature = RSEQ_SIG;
	awake = (uintptr_t)&sequence;
	awake_word_at = (uintptr_t)__rseq_offset + offsetof(struct rseq, rseq_cs);
	return true;
}

#else

static bool word_find(uintptr_t end)
{
	(void)end;
	return false;
}

#endif

void awake_boot(uintptr_t end)
{
	if (!word_find(end)) {
		awake = UINTPTR_MAX;
		awake_word_at = (uintptr_t)&own_word - (uintptr_t)thread_pointer();
	}
	awake_note();
}

void awake_note(void)
{
	*(volatile uintptr_t *)(void *)(thread_pointer() + awake_word_at) = awake;
}
