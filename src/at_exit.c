/*
 * at_exit - the statistics that the user asked for, when the program exits.
 *
 * Holds:  where they go: a copy of stderr, or the name of a file.
 * Always: a file is there as a whole or not at all, but where it is written in place.
 * Locks:  none.
 */
#include "at_exit.h"
#include "clock.h"
#include "introspect.h"
#include "options.h"
#include "page_b.h"
#include "report.h"
#include "statistics.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Many programs close stderr on their way out (coreutils do), so the statistics keep a copy of it. */
#define STATS_FD_MIN 200

#define JSON_PREFIX "json:"

/* Set once, at start. */
static struct {
	int fd; /* a copy of stderr, or -1 */
	dev_t fd_device;
	ino_t fd_inode;
	pid_t pid;
} stats = {.fd = -1};

#define FILE_BYTES_MAX ((size_t)4096)
static char *stats_file; /* NULL: none; %p is the pid */

/* Whether our copy of stderr still is one: a program may close all that it did not open itself, and
 * get the number again for a file of its own. */
static bool stats_fd_is_ours(void)
{
	struct stat now;

	return stats.fd >= 0 && fstat(stats.fd, &now) == 0 && now.st_dev == stats.fd_device &&
	       now.st_ino == stats.fd_inode;
}

static void file_refuse(const char *path, int error)
{
	struct report_stream out = REPORT_STREAM(stats.fd);

	if (!stats_fd_is_ours())
		return;
	report_format(&out, "halloc: warning: no statistics in %s: %s\n", path,
	              strerrordesc_np(error));
	report_flush(&out);
}

/* Writes the name of the file, with the pid in place of %p. Returns: false when it is too long. */
static bool file_name(char *path, size_t bytes)
{
	char number[16];
	size_t length = 0;

	report_text(number, sizeof number, "%d", (int)getpid());
	for (const char *at = stats_file; *at != '\0'; at++) {
		bool pid = strncmp(at, "%p", 2) == 0;
		size_t more = pid ? strlen(number) : 1;
		if (length + more >= bytes)
			return false;
		memcpy(path + length, pid ? number : at, more);
		length += more;
		at += pid;
	}
	path[length] = '\0';
	return true;
}

/* Opens what shall become the file: beside it, so that whoever reads it never sees half of one; the
 * file itself where it is a pipe, a device or a link, or the directory takes no new files. */
static int file_open(const char *path, char *beside, size_t bytes)
{
	struct stat there;
	bool plain = lstat(path, &there) != 0 || S_ISREG(there.st_mode);
	size_t length = strlen(path);
	int fd = -1;

	if (plain && length + 16 < bytes) {
		memcpy(beside, path, length);
		report_text(beside + length, bytes - length, ".%d", (int)getpid());
		fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	}
	if (fd < 0) {
		*beside = '\0';
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
	}
	return fd;
}

static void file_write(const struct introspect_totals *totals)
{
	char path[FILE_BYTES_MAX];
	char beside[FILE_BYTES_MAX];

	if (!file_name(path, sizeof path)) {
		file_refuse(stats_file, ENAMETOOLONG);
		return;
	}
	int fd = file_open(path, beside, sizeof beside);
	if (fd < 0) {
		file_refuse(path, errno);
		return;
	}
	struct report_stream out = REPORT_STREAM(fd);
	statistics_print_json(&out, totals);
	int error = report_flush(&out);
	close(fd);
	if (error == 0 && *beside != '\0' && rename(beside, path) != 0)
		error = errno;
	if (error != 0) {
		if (*beside != '\0')
			unlink(beside);
		file_refuse(path, error);
	}
}

/* Nothing where a signal handler ends the process that has interrupted the heap. Out of line: its frame is large, and most
 * programs do without it. */
runs_seldom static void stats_write(void)
{
	struct report_stream out = REPORT_STREAM(stats.fd);
	struct introspect_totals totals;

	/* A child of fork has a file of its own, or none: the name is its parent's. */
	bool named = stats_file != NULL;
	if (named && getpid() != stats.pid && strstr(stats_file, "%p") == NULL)
		return;
	if (!introspect_count(&totals))
		return;
	if (named) {
		file_write(&totals);
	} else if (stats_fd_is_ours()) {
		statistics_print(&out, &totals);
		report_flush(&out);
	}
}

__attribute__((destructor)) static void stats_at_exit(void)
{
	if (statistics_wanted)
		stats_write();
}

/* Keeps the name of the file; from the root, for a program that changes its directory.
 * Returns: false when it cannot be. */
static bool file_remember(const char *name)
{
	size_t length = 0;

	if (*name == '\0')
		return false;
	stats_file = page_b_record_new(FILE_BYTES_MAX);
	if (stats_file == NULL)
		return false;
	if (*name != '/') {
		if (getcwd(stats_file, FILE_BYTES_MAX - 1) == NULL)
			return false;
		length = strlen(stats_file);
		stats_file[length++] = '/';
	}
	if (length + strlen(name) >= FILE_BYTES_MAX)
		return false;
	memcpy(stats_file + length, name, strlen(name) + 1);
	return true;
}

static void stderr_remember(void)
{
	struct stat now;

	stats.fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STATS_FD_MIN);
	if (stats.fd < 0) /* there may be fewer */
		stats.fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (stats.fd >= 0 && fstat(stats.fd, &now) == 0) {
		stats.fd_device = now.st_dev;
		stats.fd_inode = now.st_ino;
	}
}

/* --- Start -------------------------------------------------------------------------------------- */

runs_at_start void at_exit_start(void)
{
	const char *text = options.stats;
	size_t prefix = strlen(JSON_PREFIX);

	if (*text == '\0' || strcmp(text, "0") == 0)
		return;
	bool json = strncmp(text, JSON_PREFIX, prefix) == 0;
	if (!json && strcmp(text, "1") != 0) {
		report_warning("HALLOC_STATS: \"%s\" is not one of: 0 1 json:FILE; ignored", text);
		return;
	}
	if (json && !file_remember(text + prefix)) {
		report_warning("HALLOC_STATS: \"%s\" names no file; ignored", text);
		return;
	}
	stats.pid = getpid();
	statistics_wanted = true;
	clock_stopwatch_runs = true;
	if (halloc_page_b.start_ms == 0)
		halloc_page_b.start_ms = clock_whole_ms();
	stderr_remember();
}
