/*
 * source.h - where the bytes of a heap come from: a running process, or the core file of a dead one.
 *
 * A process is only ever read, through /proc/PID/mem: it is not stopped, and not told. What is read in
 * one call may be torn; the reader above copes. The one write is that of trim.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include "page_b.h"
#include "tool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct source;

/* Whether source_write will be called. */
enum source_access { SOURCE_READ, SOURCE_WRITE };

/* Returns: NULL with the error set. */
struct source *source_of_process(pid_t pid, enum source_access access, struct tool_error *error);
struct source *source_of_core(const char *path, struct tool_error *error);
void source_close(struct source *source);

bool source_is_core(const struct source *source);
/* Whether a core file ends before what it promises. */
bool source_is_cut(const struct source *source);
pid_t source_pid(const struct source *source);
/* The program's name, fit to print. */
const char *source_command(const struct source *source);

/* Copies memory. Returns: false when not all of it could be had. */
bool source_read(struct source *source, uint64_t address, void *buffer, size_t bytes);

/* Whether a range may be read, without reading it all. */
bool source_holds(struct source *source, uint64_t address, uint64_t bytes);

bool source_write(struct source *source, uint64_t address, const void *buffer, size_t bytes);

/* Finds and reads Page B's header, and makes sure that this tool knows its layout.
 * Returns: its address; 0 with the error set. */
uint64_t source_find_header(struct source *source, struct page_b_header *header,
                            struct tool_error *error);

/* Whether a process that was opened has ended since. */
bool source_has_ended(struct source *source);

/* Waits before what was torn is read again for the roundth time: longer from round to round, because the
 * thread that was changing it may have lost its processor. */
void source_pause(unsigned round);

/* Whether the maps of a process name the library. */
bool source_maps_halloc(pid_t pid);

#endif
