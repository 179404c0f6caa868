/*
 * faults - tells what an access that faulted has done, where it met a guard, or what was freed.
 *
 * Holds:  the handler of SIGSEGV that was there before.
 * Always: a fault that no guard made goes to whom it would have gone to.
 * Locks:  none: all of this runs in a signal handler. A block is claimed, so that it stays, before it is told of.
 */
#include "faults.h"
#include "guards.h"
#include "misuse.h"
#include "pagemap.h"
#include "report.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>
#include <unistd.h>

static bool was_write(const void *context)
{
#ifdef __x86_64__
	const ucontext_t *machine = context;
	return (machine->uc_mcontext.gregs[REG_ERR] & 2) != 0;
#else
	(void)context;
	return false;
#endif
}

/* Whether it was the instruction itself that was looked for at an address. */
static bool was_call(const void *context, const void *at)
{
	const ucontext_t *machine = context;
#if defined __x86_64__
	return (uintptr_t)machine->uc_mcontext.gregs[REG_RIP] == (uintptr_t)at;
#elif defined __aarch64__
	return machine->uc_mcontext.pc == (uintptr_t)at;
#else
	(void)machine;
	return false;
#endif
}

/* What to say of an access; where that cannot be told, only that it was one. */
static const char *verb_of(const void *context, const void *at)
{
	if (was_call(context, at))
		return "executed";
#ifdef __x86_64__
	return was_write(context) ? "written to" : "read";
#else
	return was_write(context) ? "written to" : "accessed";
#endif
}

/* A guard may be gone by the time that its fault is looked at: then the access passes when it is run again. Any other
 * fault comes again, and after so many times is somebody else's. */
#define TRIES_MAX 100u

static bool may_pass(const void *at)
{
	static uintptr_t last;
	static unsigned tries;
	uintptr_t here = (uintptr_t)at ^ (uintptr_t)gettid() << 48;

	if (__atomic_exchange_n(&last, here, __ATOMIC_RELAXED) != here)
		__atomic_store_n(&tries, 0, __ATOMIC_RELAXED);
	sched_yield();
	return __atomic_fetch_add(&tries, 1, __ATOMIC_RELAXED) < TRIES_MAX;
}

/* Returns: whether the access may be run again: its page is open now. */
static bool block_tell(const struct guards_view *block, const void *at, const void *context)
{
	const char *crime = "overflow";

	if (!block->live)
		crime = "use after free";
	else if ((uintptr_t)at < block->start)
		crime = "underflow";
	misuse_access(crime, (const void *)block->start, block->size,
	              (ptrdiff_t)((uintptr_t)at - block->start), verb_of(context, at));
	/* HALLOC_ON_ERROR=report. Memory is never open to be executed. */
	return !was_call(context, at) && guards_open((const void *)block->start);
}

/* Returns: whether the access may be run again. */
static bool fault_tell(const void *at, const void *context)
{
	const struct pagemap_entry *entry = pagemap_find(at);
	struct guards_view block;

	if (entry == NULL)
		return false;
	if (entry->kind == PAGEMAP_HIDDEN) {
		/* Guards of hardened mode's slabs stay closed. */
		misuse_report("access", at, false);
		return false;
	}
	struct guards_claim *claim = guards_is_closed(at) ? guards_claim(at, &block) : NULL;
	if (claim == NULL)
		return may_pass(at);
	bool passes = block_tell(&block, at, context);
	guards_unclaim(claim);
	return passes;
}

static struct sigaction previous lies_late;

/* Hands a fault that is none of ours to whom it would have gone to. */
static void pass_on(int number, siginfo_t *info, void *context)
{
	if ((previous.sa_flags & SA_SIGINFO) != 0) {
		previous.sa_sigaction(number, info, context);
	} else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
		previous.sa_handler(number);
	} else {
		/* A fault comes again by itself, once this returns; a signal that was sent does not. */
		sigaction(number, &previous, NULL);
		if (info->si_code <= 0)
			raise(number);
	}
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	int saved = errno;

	if (info->si_code <= 0 || !fault_tell(info->si_addr, context))
		pass_on(number, info, context);
	errno = saved;
}

runs_at_start void faults_start(void)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	if (!guards_on)
		return;
	sigemptyset(&action.sa_mask);
	sigaction(SIGSEGV, &action, &previous);
}
