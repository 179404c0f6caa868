/*
 * source - the memory of a process or of a core file.
 *
 * Holds:  for a process, /proc/PID/mem, which stays with its memory even when the number is given to
 *         another process; for a core, its loaded segments in address order.
 * Always: nothing that is read is trusted: each offset is checked before it is followed.
 */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LIBRARY "libhalloc"

/* The first pause, and how often it doubles. */
#define PAUSE_NS      100000L
#define PAUSE_DOUBLES 5u

bool source_is_core(const struct source *source)
{
	return source->core;
}

bool source_is_cut(const struct source *source)
{
	return source->cut;
}

pid_t source_pid(const struct source *source)
{
	return source->pid;
}

const char *source_command(const struct source *source)
{
	return source->command;
}

void source_pause(unsigned round)
{
	struct timespec pause = {.tv_nsec = PAUSE_NS
	                                    << (round < PAUSE_DOUBLES ? round : PAUSE_DOUBLES)};

	nanosleep(&pause, NULL);
}

void source_add_region(struct source *source, const struct region *region, const char *path)
{
	size_t count = source->region_count;
	size_t bytes = strlen(path) + 1;

	if ((count & (count - 1)) == 0)
		source->regions =
		        tool_resize(source->regions, count == 0 ? 1 : count * 2, sizeof *region);
	source->regions[count] = *region;
	source->regions[count].path = memcpy(tool_new(bytes, 1), path, bytes);
	source->region_count++;
}

bool source_names_library(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strstr(slash == NULL ? path : slash + 1, LIBRARY) != NULL;
}

void source_close(struct source *source)
{
	if (source->fd >= 0)
		close(source->fd);
	for (size_t i = 0; i < source->region_count; i++)
		free(source->regions[i].path);
	free(source->regions);
	free(source->segments);
	free(source);
}

/* --- Processes ---------------------------------------------------------------------------------- */

static FILE *proc_open(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	return fopen(path, "re");
}

/* A line of maps that is of a file. Returns: the path, in the line; NULL for any other. */
static const char *maps_parse(char *line, struct region *region)
{
	unsigned long long start;
	unsigned long long end;
	unsigned long long offset;
	int path = 0;

	if (sscanf(line, "%llx-%llx %*4s %llx %*s %*s %n", &start, &end, &offset, &path) < 3 ||
	    path == 0 || line[path] != '/')
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	*region = (struct region){
	        .start = start,
	        .end = end,
	        .offset = offset,
	        .is_library = source_names_library(line + path),
	};
	return line + path;
}

bool source_maps_halloc(pid_t pid)
{
	FILE *maps = proc_open(pid, "maps");
	struct region region;
	char *line = NULL;
	size_t room = 0;
	bool found = false;

	if (maps == NULL)
		return false;
	while (!found && getline(&line, &room, maps) > 0)
		found = maps_parse(line, &region) != NULL && region.is_library;
	free(line);
	fclose(maps);
	return found;
}

static bool maps_read(struct source *source, struct tool_error *error)
{
	FILE *maps = proc_open(source->pid, "maps");
	struct region region;
	char *line = NULL;
	size_t room = 0;

	if (maps == NULL)
		return tool_fail(error, "process %d has ended", (int)source->pid);
	while (getline(&line, &room, maps) > 0) {
		const char *path = maps_parse(line, &region);
		if (path != NULL)
			source_add_region(source, &region, path);
	}
	free(line);
	fclose(maps);
	return true;
}

static void command_read(struct source *source)
{
	FILE *comm = proc_open(source->pid, "comm");

	if (comm == NULL || fgets(source->command, sizeof source->command, comm) == NULL)
		strcpy(source->command, "?");
	source->command[strcspn(source->command, "\n")] = '\0';
	tool_clean(source->command);
	if (comm != NULL)
		fclose(comm);
}

/* The OS pages that a process has mapped, and those that are resident; 0 when it has ended. */
struct pages {
	unsigned long long mapped;
	unsigned long long resident;
};

static struct pages pages_read(pid_t pid)
{
	FILE *statm = proc_open(pid, "statm");
	struct pages pages = {0};

	if (statm == NULL)
		return pages;
	if (fscanf(statm, "%llu %llu", &pages.mapped, &pages.resident) != 2)
		pages = (struct pages){0};
	fclose(statm);
	return pages;
}

uint64_t source_resident_bytes(pid_t pid)
{
	return pages_read(pid).resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool process_has_ended(pid_t pid)
{
	FILE *stat = proc_open(pid, "stat");
	char line[512];
	char state = 'X';

	if (stat == NULL)
		return true;
	/* The command, in parentheses, may hold anything but a parenthesis and a space at its end. */
	if (fgets(line, sizeof line, stat) != NULL) {
		char *close = strrchr(line, ')');
		if (close != NULL && close[1] == ' ')
			state = close[2];
	}
	fclose(stat);
	return state == 'X' || state == 'Z';
}

static int yama_scope(void)
{
	FILE *yama = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope = 0;

	if (yama == NULL)
		return 0;
	if (fscanf(yama, "%d", &scope) != 1)
		scope = 0;
	fclose(yama);
	return scope;
}

/* Why a process that is there may not be read. */
static bool open_forbidden(pid_t pid, uid_t owner, struct tool_error *error)
{
	int scope = yama_scope();

	if (geteuid() == 0)
		return tool_fail(error,
		                 "no permission to read process %d, though this is root: it takes "
		                 "CAP_SYS_PTRACE",
		                 (int)pid);
	if (scope != 0 && owner == geteuid())
		return tool_fail(error,
		                 "no permission to read process %d: kernel.yama.ptrace_scope is %d "
		                 "here, so only root may",
		                 (int)pid, scope);
	return tool_fail(error, "no permission to read process %d: be its user, or root", (int)pid);
}

/* Why /proc/PID/mem could not be opened, in words. */
static bool open_failed(pid_t pid, int reason, struct tool_error *error)
{
	char path[64];
	struct stat status;

	snprintf(path, sizeof path, "/proc/%d", (int)pid);
	if (stat(path, &status) != 0)
		return tool_fail(error, "there is no process %d", (int)pid);
	if (reason == EACCES || reason == EPERM)
		return open_forbidden(pid, status.st_uid, error);
	if (reason != ESRCH && reason != ENOENT)
		return tool_fail(error, "cannot read process %d: %s", (int)pid, strerror(reason));
	if (process_has_ended(pid))
		return tool_fail(error, "process %d has ended", (int)pid);
	return tool_fail(error, "process %d has no memory: it is a thread of the kernel", (int)pid);
}

struct source *source_of_process(pid_t pid, enum source_access access, struct tool_error *error)
{
	struct source *source = tool_new(1, sizeof *source);
	char path[64];

	source->pid = pid;
	snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
	source->fd = open(path, (access == SOURCE_WRITE ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (source->fd < 0)
		open_failed(pid, errno, error);
	if (source->fd < 0 || !maps_read(source, error)) {
		source_close(source);
		return NULL;
	}
	command_read(source);
	return source;
}

bool source_has_ended(struct source *source)
{
	if (source->core)
		return false;
	/* One that is ending has no memory any more, a while before it says so. */
	return process_has_ended(source->pid) || pages_read(source->pid).mapped == 0;
}

bool source_is_gone(struct source *source, struct tool_error *error)
{
	if (source_has_ended(source))
		return !tool_fail(error, "process %d has ended", (int)source->pid);
	if (source->replaced)
		return !tool_fail(error, "process %d runs another program now", (int)source->pid);
	return false;
}

/* --- Reading ------------------------------------------------------------------------------------ */

bool source_read_file(const struct source *source, uint64_t offset, void *buffer, size_t bytes)
{
	char *to = buffer;

	if (offset > source->file_bytes || bytes > source->file_bytes - offset)
		return false;
	while (bytes > 0) {
		ssize_t got = pread(source->fd, to, bytes, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		to += got;
		offset += (uint64_t)got;
		bytes -= (size_t)got;
	}
	return true;
}

/* The segment that holds the address, or NULL. */
static const struct segment *segment_find(const struct source *source, uint64_t address)
{
	size_t count = tool_count_up_to(address, source->segments, source->segment_count,
	                                sizeof *source->segments);

	if (count == 0)
		return NULL;
	const struct segment *segment = &source->segments[count - 1];
	return address - segment->start < segment->bytes ? segment : NULL;
}

/* A range may lie in several segments that follow each other. */
static bool core_read(struct source *source, uint64_t address, char *to, size_t bytes)
{
	while (bytes > 0) {
		const struct segment *segment = segment_find(source, address);
		if (segment == NULL)
			return false;
		uint64_t into = address - segment->start;
		size_t part = bytes;
		if (part > segment->bytes - into)
			part = (size_t)(segment->bytes - into);
		if (!source_read_file(source, segment->offset + into, to, part))
			return false;
		to += part;
		address += part;
		bytes -= part;
	}
	return true;
}

static bool process_read(struct source *source, uint64_t address, char *to, size_t bytes)
{
	while (bytes > 0) {
		ssize_t got = pread(source->fd, to, bytes, (off_t)address);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			/* Where nothing is mapped, EIO is the answer. */
			source->replaced = got == 0;
			return false;
		}
		to += got;
		address += (uint64_t)got;
		bytes -= (size_t)got;
	}
	return true;
}

static bool range_is_sane(uint64_t address, uint64_t bytes)
{
	return address < SOURCE_ADDRESS_MAX && bytes < SOURCE_ADDRESS_MAX;
}

bool source_read(struct source *source, uint64_t address, void *buffer, size_t bytes)
{
	if (!range_is_sane(address, bytes))
		return false;
	if (source->core)
		return core_read(source, address, buffer, bytes);
	return process_read(source, address, buffer, bytes);
}

bool source_holds(struct source *source, uint64_t address, uint64_t bytes)
{
	char byte;

	if (bytes == 0)
		return true;
	if (!range_is_sane(address, bytes))
		return false;
	if (!source->core)
		return process_read(source, address, &byte, 1) &&
		       process_read(source, address + bytes - 1, &byte, 1);
	for (uint64_t end = address + bytes; address < end;) {
		const struct segment *segment = segment_find(source, address);
		if (segment == NULL)
			return false;
		address = segment->start + segment->bytes;
	}
	return true;
}

bool source_write(struct source *source, uint64_t address, const void *buffer, size_t bytes)
{
	if (source->core || !range_is_sane(address, bytes))
		return false;
	ssize_t put = pwrite(source->fd, buffer, bytes, (off_t)address);
	source->replaced = put == 0;
	return put == (ssize_t)bytes;
}
