/*
 * watch.h - processes under halloc, looked at again and again.
 */
#ifndef WATCH_H
#define WATCH_H

#include "reader.h"
#include "source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct watched {
	pid_t pid;
	struct source *source;
	char command[64];
	struct reader_snapshot snapshot;
	uint64_t resident;     /* bytes of the whole process */
	double rate;           /* slots a second that its threads got from slabs */
	double seconds;        /* when the snapshot was taken */
	uint64_t slots_filled; /* then */
	bool fresh;            /* the snapshot was not shown yet */
	bool gone;             /* it could not be read again: error says why */
	struct tool_error error;
};

struct watch {
	struct watched *all;
	size_t count;
	bool everything;     /* every process that may be read; else those that were added */
	double next_search;  /* seconds */
	unsigned unreadable; /* processes under halloc that could not be looked at */
	bool forbidden;      /* there are others, of which not even that may be read */
};

enum watch_key {
	WATCH_BY_LIVE,
	WATCH_BY_HELD,
	WATCH_BY_IDLE,
	WATCH_BY_CACHED,
	WATCH_BY_RESIDENT,
	WATCH_BY_RATE,
	WATCH_BY_PID,
	WATCH_BY_NAME,
	WATCH_KEYS,
};

/* The words for the keys. */
extern const char *const watch_key_names[WATCH_KEYS];

/* Adds a process. Returns: false with the error set. */
bool watch_add(struct watch *watch, pid_t pid, struct tool_error *error);

/* Looks at all of them again, at those that came meanwhile, and sorts. Those that ended, or cannot be
 * read any more, are marked as gone. */
void watch_update(struct watch *watch, enum watch_key key);

/* Removes those that are gone. */
void watch_forget_gone(struct watch *watch);

#endif
