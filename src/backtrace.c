/*
 * backtrace - the calling stack below the report of a misuse, for HALLOC_BACKTRACE=1.
 *
 * Holds:  nothing.
 * Always: the unwinder is loaded at start-up, where it may allocate; later it does not.
 * Locks:  none of ours; libc's unwinder may take the loader's.
 *
 * Lines are FILE(FUNCTION+OFFSET)[ADDRESS], or FILE(+OFFSET)[ADDRESS] for addr2line -e FILE OFFSET.
 */
#include "backtrace.h"
#include "options.h"
#include "report.h"

#include <execinfo.h>
#include <unistd.h>

#define FRAMES_MAX 64

static void backtrace_print(void)
{
	void *frames[FRAMES_MAX];
	int count = backtrace(frames, FRAMES_MAX);

	/* The first two are this function and the report. */
	if (count > 2)
		backtrace_symbols_fd(frames + 2, count - 2, STDERR_FILENO);
}

void backtrace_boot(void)
{
	void *frame;

	if (options.backtrace == 0)
		return;
	backtrace(&frame, 1);
	report_backtrace = backtrace_print;
}
