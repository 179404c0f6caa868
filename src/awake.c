/*
 * awake - tells whether a thread has slept.
 *
 * Holds:  where the word of each thread is; the names of the sequence, of which it says one while the thread is awake.
 * Always: a name lies at an odd multiple of 16.
 * Locks:  none.
 */
#include "awake.h"
#include "report.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif

uintptr_t awake_word_at;
uintptr_t awake_first;

/* The word of every thread, where the system has none. */
static __thread uintptr_t own_word __attribute__((tls_model("initial-exec")));

/* What it says then: as a name would; and no mark is AWAKE_NOT. */
#define OWN_FIRST ((uintptr_t)0xffff00000000fff0)

_Static_assert(OWN_FIRST % AWAKE_STEP == AWAKE_STEP / 2 &&
                       (uintptr_t)AWAKE_STEP << AWAKE_SHIFT == 0 &&
                       (uintptr_t)AWAKE_STEP / 2 << AWAKE_SHIFT != 0,
               "as awake_with tells names from others");

bool awake_interrupts;

/* The commands of membarrier: PRIVATE_EXPEDITED_RSEQ, and what registers for it. Of Linux 5.10. */
#define BARRIER          (1 << 7)
#define BARRIER_REGISTER (1 << 8)

static bool barrier(int command)
{
	int saved = errno;
	bool done = syscall(SYS_membarrier, command, 0, 0) == 0;

	errno = saved;
	return done;
}

#ifdef RSEQ_SIG

/* The library is to be loaded by a glibc that has none, too. */
extern __typeof__(__rseq_offset) __rseq_offset __attribute__((weak));

_Static_assert(sizeof(struct rseq_cs) == AWAKE_STEP, "as the numbers count");

/* The names begin at half a step, where those of others do not: none of their places ends in sixteen bits of 0, either.
 * Number 0 is the last: few are used, and what lies behind is written to at every start. */
static struct {
	char before[AWAKE_STEP / 2];
	char names[AWAKE_NUMBERS_MAX][AWAKE_STEP];
} named __attribute__((aligned(AWAKE_STEP))) lies_late;

/* What the linker calls the section; weak, as a program without those rooms has none. */
extern const struct awake_sequence sequence __asm__("__start_awake_sequence")
        __attribute__((weak, visibility("hidden")));

/* Without a sequence, nobody ever is in it: these are no instructions. */
static const struct {
	uint32_t signature;
	char restart[1];
} nobody = {.signature = RSEQ_SIG};

static uintptr_t place(const int32_t *distance)
{
	return (uintptr_t)distance + (uintptr_t)(intptr_t)*distance;
}

static void names_write(unsigned numbers)
{
	struct rseq_cs name = {
	        .start_ip = (uintptr_t)&named,
	        .post_commit_offset = 1,
	        .abort_ip = (uintptr_t)nobody.restart,
	};

	if (&sequence != NULL) {
		name.start_ip = place(&sequence.start);
		name.post_commit_offset = place(&sequence.end) - name.start_ip;
		name.abort_ip = place(&sequence.restart);
	}
	awake_first = (uintptr_t)named.names[AWAKE_NUMBERS_MAX - 1];
	for (unsigned i = 0; i < numbers; i++)
		memcpy((void *)awake_word(i), &name, sizeof name);
}

static bool word_find(unsigned numbers)
{
	if (&__rseq_offset == NULL)
		return false;
	const struct rseq *rseq = (const void *)(awake_thread() + __rseq_offset);
	if ((int32_t)rseq->cpu_id < 0)
		return false; /* the system, or the user, does not want it */
	names_write(numbers);
	awake_word_at = (uintptr_t)__rseq_offset + offsetof(struct rseq, rseq_cs);
	awake_interrupts = &sequence != NULL && barrier(BARRIER_REGISTER);
	return true;
}

runs_seldom bool awake_is_watched(const void *theirs, const void *ours)
{
	const char *own = awake_thread() + __rseq_offset;
	const struct rseq *rseq = (const void *)(own + ((const char *)theirs - (const char *)ours));

	return (int32_t)__atomic_load_n(&rseq->cpu_id, __ATOMIC_RELAXED) >= 0;
}

#else

static bool word_find(unsigned numbers)
{
	(void)numbers;
	return false;
}

runs_seldom bool awake_is_watched(const void *theirs, const void *ours)
{
	return theirs == ours;
}

#endif

bool awake_interrupt_all(void)
{
	return awake_interrupts && barrier(BARRIER);
}

void awake_boot(unsigned numbers)
{
	if (!word_find(numbers)) {
		awake_first = OWN_FIRST;
		awake_word_at = (uintptr_t)&own_word - (uintptr_t)awake_thread();
	}
	awake_forget();
}
