/*
 * awake - tells whether a thread has slept.
 *
 * Holds:  where the word of each thread is; the sequences that it names while the thread is awake.
 * Always: these are none: no thread ever is in one. They lie above every address that is asked about.
 * Locks:  none.
 */
#include "awake.h"
#include "report.h"

#include <stddef.h>
#include <string.h>

#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif

uintptr_t awake_word_at;
uintptr_t awake_first;

/* The word of every thread, where the system has none. */
static __thread uintptr_t own_word __attribute__((tls_model("initial-exec")));

/* What it says then, which is no address either; and no mark is AWAKE_NOT. */
#define OWN_FIRST ((uintptr_t)0xffff00000000fff0)

#ifdef RSEQ_SIG

/* The library is to be loaded by a glibc that has none, too. */
extern __typeof__(__rseq_offset) __rseq_offset __attribute__((weak));

_Static_assert(sizeof(struct rseq_cs) == AWAKE_STEP, "as the numbers count");

/* The system expects the signature in front of where a thread would go on that it finds in a sequence. The sequences
 * begin at half a step: so none of their places ends in sixteen bits of 0. Number 0 is the last: few are used, and what
 * lies behind is written to at every start. */
static struct {
	char before[AWAKE_STEP / 2];
	char named[AWAKE_NUMBERS_MAX][AWAKE_STEP];
	uint32_t signature;
	char after[1];
} sequences __attribute__((aligned(AWAKE_STEP))) lies_late;

static void sequences_write(unsigned numbers)
{
	const struct rseq_cs sequence = {
	        .start_ip = (uintptr_t)&sequences,
	        .post_commit_offset = 1,
	        .abort_ip = (uintptr_t)sequences.after,
	};

	sequences.signature = RSEQ_SIG;
	awake_first = (uintptr_t)sequences.named[AWAKE_NUMBERS_MAX - 1];
	for (unsigned i = 0; i < numbers; i++)
		memcpy((void *)awake_word(i), &sequence, sizeof sequence);
}

static bool word_find(uintptr_t end, unsigned numbers)
{
	if (&__rseq_offset == NULL || (uintptr_t)&sequences < end)
		return false;
	const struct rseq *rseq =
	        (const void *)((const char *)__builtin_thread_pointer() + __rseq_offset);
	if ((int32_t)rseq->cpu_id < 0)
		return false; /* the system, or the user, does not want it */
	sequences_write(numbers);
	awake_word_at = (uintptr_t)__rseq_offset + offsetof(struct rseq, rseq_cs);
	return true;
}

#else

static bool word_find(uintptr_t end, unsigned numbers)
{
	(void)end;
	(void)numbers;
	return false;
}

#endif

void awake_boot(uintptr_t end, unsigned numbers)
{
	if (!word_find(end, numbers)) {
		awake_first = OWN_FIRST;
		awake_word_at = (uintptr_t)&own_word - (uintptr_t)__builtin_thread_pointer();
	}
	awake_forget();
}
