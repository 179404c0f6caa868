/*
 * source.h - where the bytes of a heap come from: a running process, or the core file of a dead one.
 *
 * A process is only ever read, through /proc/PID/mem: it is not stopped, and not told. What is read in
 * one call may be torn; the reader above copes. The one write is that of trim.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include "tool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* No address lies beyond. */
#define SOURCE_ADDRESS_MAX ((uint64_t)1 << 62)

/* A mapped file, from /proc/PID/maps or a core's NT_FILE. */
struct region {
	uint64_t start;
	uint64_t end;
	uint64_t offset; /* in the file */
	bool is_library; /* by its name */
	char *path;      /* the source's own */
};

/* A stretch of memory in a core file. */
struct segment {
	uint64_t start;
	uint64_t bytes; /* that the file holds */
	uint64_t offset;
};

_Static_assert(offsetof(struct segment, start) == 0, "as tool_count_up_to has it");

/* Filled by source and core, searched by header; others go by the functions. */
struct source {
	int fd; /* /proc/PID/mem, or the core */
	bool core;
	pid_t pid;
	char command[64];
	struct region *regions;
	size_t region_count;
	struct segment *segments;
	size_t segment_count;
	uint64_t file_bytes;
	bool cut;      /* the file ends before its segments do */
	bool replaced; /* the process has no more the memory that was opened */
};

/* Whether source_write will be called. */
enum source_access { SOURCE_READ, SOURCE_WRITE };

/* Returns: NULL with the error set. */
struct source *source_of_process(pid_t pid, enum source_access access, struct tool_error *error);
void source_close(struct source *source);

bool source_is_core(const struct source *source);
/* Whether a core file ends before what it promises. */
bool source_is_cut(const struct source *source);
pid_t source_pid(const struct source *source);
/* The program's name, fit to print. */
const char *source_command(const struct source *source);

/* Copies memory. Returns: false when not all of it could be had. */
bool source_read(struct source *source, uint64_t address, void *buffer, size_t bytes);

/* The same from the file of a core. */
bool source_read_file(const struct source *source, uint64_t offset, void *buffer, size_t bytes);

/* Whether a range may be read, without reading it all. */
bool source_holds(struct source *source, uint64_t address, uint64_t bytes);

bool source_write(struct source *source, uint64_t address, const void *buffer, size_t bytes);

/* Adds a mapped file, with a copy of its path; and whether one of that name is the library. */
void source_add_region(struct source *source, const struct region *region, const char *path);
bool source_names_library(const char *path);

/* Whether a process that was opened has ended since. */
bool source_has_ended(struct source *source);

/* Whether a process that was opened has ended since, or gone over to another program, so that the last reading of it failed:
 * then the error says so. */
bool source_is_gone(struct source *source, struct tool_error *error);

/* Waits before what was torn is read again for the roundth time: longer from round to round, because the
 * thread that was changing it may have lost its processor. */
void source_pause(unsigned round);

/* The resident bytes of a process; 0 when it has ended. */
uint64_t source_resident_bytes(pid_t pid);

/* Whether the maps of a process name the library. */
bool source_maps_halloc(pid_t pid);

#endif
