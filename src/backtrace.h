/*
 * backtrace.h - the calling stack below the report of a misuse.
 */
#ifndef BACKTRACE_H
#define BACKTRACE_H

/* Where HALLOC_BACKTRACE asks for it, loads the unwinder, and has reports followed by the stack. Allocates:
 * once the heap stands, outside of every lock. */
void backtrace_boot(void);

#endif
