/*
 * report.h - lines for people, claims, and what we ask of the compiler.
 *
 * Nothing here allocates, takes a lock or uses stdio: all of it may be called from inside malloc and
 * from a signal handler. The formats are those of printf, restricted to
 * %s %c %d %u %x %p %zu %lu %llu %% with an optional '-' and width.
 */
#ifndef REPORT_H
#define REPORT_H

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* One line at the first file, in place of many about what is missing. */
#ifdef __GLIBC_PREREQ
#if !__GLIBC_PREREQ(2, 33)
#error "halloc takes glibc 2.33 or later"
#endif
#else
#error "halloc takes glibc, 2.33 or later"
#endif

#ifdef HALLOC_DEBUG
#define config_debug true
#else
#define config_debug false
#endif

#define likely(claim)   __builtin_expect(!!(claim), 1)
#define unlikely(claim) __builtin_expect(!!(claim), 0)

/* Where code lies, see layout.ld: what runs at every start, of a room that few programs enter; what a program comes to
 * that lives for a second, grows, forks, or has threads; and what few programs ever run, of a room that all of them
 * enter. */
#define runs_at_start __attribute__((section(".text.at_start")))
#define runs_later    __attribute__((noinline, section(".text.later")))
#define runs_seldom   __attribute__((noinline, section(".text.unlikely.seldom")))

/* And variables: large ones that the start does not write to, or only at their beginning. */
#define lies_late __attribute__((section(".bss.later")))

/* What programs see; test/check/exports.txt lists it. */
#define EXPORT __attribute__((visibility("default")))

/* Text on its way to a file descriptor; bytes that could not be written set error to an errno. */
struct report_stream {
	int fd;
	int error;
	size_t used;
	size_t bytes; /* of the buffer */
	char *buffer;
};

/* A stream without a file: what does not fit is lost. */
#define REPORT_TEXT_ONLY (-4096)

/* On a buffer that is there; on one that lasts as long as the block of the caller. */
#define REPORT_STREAM_IN(file, text) \
	((struct report_stream){.fd = (file), .bytes = sizeof(text), .buffer = (text)})
#define REPORT_STREAM(file) REPORT_STREAM_IN(file, (char[1024]){0})

/* Around calls that would be cancellation points: malloc and free are none. */
int report_hold_cancel(void);
void report_release_cancel(int state);

/* Around writes to standard error. Our lines are not the program's: a reader that has gone does not end it (SIGPIPE), and
 * writing is no cancellation point. */
struct report_alone {
	sigset_t before; /* if it blocks: sandboxes may refuse that */
	bool blocks;
	bool was_pending;
	int cancel;
};
void report_alone(struct report_alone *alone);
void report_alone_end(const struct report_alone *alone);

/* Appends to the stream; a full buffer is written out. */
void report_format(struct report_stream *stream, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* Writes what is left.
 * Returns: 0, or the first errno met since the stream began. */
int report_flush(struct report_stream *stream);

/* Formats into text, always terminated, cut where it does not fit. */
void report_text(char *text, size_t bytes, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* One line on stderr: "halloc: warning: ...". */
void report_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One line on stderr: "halloc: ...", then abort(); unless report_carry_on: then it returns. */
void report_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Set once at boot: misuse is reported, and the misusing call does nothing. */
extern bool report_carry_on;

/* The two halves of report_error, for those who have more to say in between. */
void report_crime(const char *format, ...) __attribute__((format(printf, 1, 2)));
void report_end(void);

/* When set, called after the line of an error: prints the calling stack. */
extern void (*report_backtrace)(void);

_Noreturn void report_bug(const char *claim, const char *file, int line);

/* Only a mistake of our own can break it: checked in debug builds. */
#define expect(claim)                                           \
	do {                                                    \
		if (config_debug && unlikely(!(claim)))         \
			report_bug(#claim, __FILE__, __LINE__); \
	} while (0)

#endif
