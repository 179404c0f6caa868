/*
 * backtrace.h - calling stacks: taken where blocks come and go, printed below the report of a misuse.
 */
#ifndef BACKTRACE_H
#define BACKTRACE_H

#define BACKTRACE_FRAMES 16

struct backtrace {
	int thread; /* its id; 0: none was taken */
	int count;
	void *frames[BACKTRACE_FRAMES];
};

/* Loads the unwinder where HALLOC_BACKTRACE or HALLOC_SAMPLE ask for it, and has reports followed by the stack
 * for the first. Allocates: once the heap stands, outside of every lock. */
void backtrace_boot(void);

/* Fills in the stack of the caller, from the function that called into the library on. Nothing before
 * backtrace_boot, or where nobody asked for it. Locks: the caller holds none. */
void backtrace_take(struct backtrace *backtrace);

/* Prints on stderr who did what, and from where. */
void backtrace_show(const struct backtrace *backtrace, const char *what);

#endif
