/*
 * backtrace - calling stacks, for HALLOC_BACKTRACE=1 and HALLOC_SAMPLE.
 *
 * Holds:  nothing.
 * Always: the unwinder is loaded at start-up, where it may allocate; later it does not.
 * Locks:  none of ours; libc's unwinder may take the loader's.
 *
 * Lines are FILE(FUNCTION+OFFSET)[ADDRESS], or FILE(+OFFSET)[ADDRESS] for addr2line -e FILE OFFSET. An address lies in the
 * call, not behind it, where the unwinder has it: what is there may belong to the next line, or to the next function.
 */
#include "backtrace.h"
#include "options.h"
#include "report.h"

#include <errno.h>
#include <execinfo.h>
#include <string.h>
#include <unistd.h>

#define FRAMES_MAX 64

/* Where this library's own code lies, as the linker says. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char etext[] __attribute__((visibility("hidden")));

static bool loaded;

/* How many of the innermost frames are the library's own. */
static int own_frames(void *const *frames, int count)
{
	int own = 0;

	while (own < count && (const char *)frames[own] >= __ehdr_start &&
	       (const char *)frames[own] < etext)
		own++;
	return own == count ? 0 : own;
}

/* The code to which a signal handler returns, as libc, or the system, has it. */
#if defined __x86_64__
static const unsigned char trampoline[] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
#elif defined __aarch64__
static const unsigned char trampoline[] = {0x68, 0x11, 0x80, 0xd2, 0x01, 0, 0, 0xd4};
#endif

/* Byte by byte, as the unwinder itself looked at the code: beyond what differs there may be nothing. */
static bool is_trampoline(const void *frame)
{
	const unsigned char *code = frame;
	size_t same = 0;

	while (same < sizeof trampoline && code[same] == trampoline[same])
		same++;
	return same == sizeof trampoline;
}

/* Moves the frames, which are where calls return to, into the calls. A signal is no call: the frame behind it is the very
 * instruction that it came before. */
static void find_calls(void **frames, int count)
{
	bool interrupted = false;

	for (int i = 0; i < count; i++) {
		bool is_signal = is_trampoline(frames[i]);
		if (!is_signal && !interrupted)
			frames[i] = (char *)frames[i] - 1;
		interrupted = is_signal;
	}
}

static void print(void *const *frames, int count)
{
	struct report_alone alone;

	report_alone(&alone);
	backtrace_symbols_fd(frames, count, STDERR_FILENO);
	report_alone_end(&alone);
}

static void print_here(void)
{
	void *frames[FRAMES_MAX];
	int count = backtrace(frames, FRAMES_MAX);
	int own = own_frames(frames, count);

	find_calls(frames + own, count - own);
	print(frames + own, count - own);
}

void backtrace_take(struct backtrace *place)
{
	void *frames[BACKTRACE_FRAMES + 8];
	int saved = errno;

	if (!loaded)
		return;
	int count = backtrace(frames, BACKTRACE_FRAMES + 8);
	int own = own_frames(frames, count);
	place->thread = gettid();
	place->count = count - own < BACKTRACE_FRAMES ? count - own : BACKTRACE_FRAMES;
	find_calls(frames + own, place->count);
	memcpy(place->frames, frames + own, (size_t)place->count * sizeof *frames);
	errno = saved;
}

void backtrace_show(const struct backtrace *place, const char *what)
{
	char line[64];
	struct report_stream stream = REPORT_STREAM_IN(STDERR_FILENO, line);

	if (place->thread == 0)
		return;
	report_format(&stream, "halloc: %s by thread %d:\n", what, place->thread);
	report_flush(&stream);
	print(place->frames, place->count);
}

runs_at_start void backtrace_boot(void)
{
	void *frame;
	int saved = errno;

	if (options.backtrace == 0 && options.sample == 0)
		return;
	backtrace(&frame, 1);
	/* What libc binds late for names is bound now: to bind takes 3 KiB of the stack, and a report may have little. */
	backtrace_symbols_fd(&frame, 1, -1);
	errno = saved;
	loaded = true;
	if (options.backtrace != 0)
		report_backtrace = print_here;
}
