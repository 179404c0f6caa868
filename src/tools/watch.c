/*
 * watch - a list of processes with what was last seen of their heaps.
 *
 * Holds:  for each, its open memory, so that its number cannot come to mean another process.
 * Always: a rate is that between the two last looks; at the first, the average since the heap was built.
 */
#include "watch.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* New processes are searched for at this distance: the maps of all have to be read. */
#define SEARCH_SECONDS 2.0

const char *const watch_key_names[WATCH_KEYS] = {
        [WATCH_BY_LIVE] = "live",     [WATCH_BY_HELD] = "held",    [WATCH_BY_IDLE] = "idle",
        [WATCH_BY_CACHED] = "cached", [WATCH_BY_RESIDENT] = "rss", [WATCH_BY_RATE] = "rate",
        [WATCH_BY_PID] = "pid",       [WATCH_BY_NAME] = "name",
};

static void rate_update(struct watched *watched, bool first)
{
	const struct reader_snapshot *snapshot = &watched->snapshot;
	uint64_t filled = snapshot->totals.slots_filled;
	double now = tool_now_seconds();

	if (first && snapshot->uptime_ms != 0)
		watched->rate = (double)filled * 1000 / (double)snapshot->uptime_ms;
	else if (!first && now > watched->seconds && filled >= watched->slots_filled)
		watched->rate = (double)(filled - watched->slots_filled) / (now - watched->seconds);
	else
		watched->rate = 0;
	watched->seconds = now;
	watched->slots_filled = filled;
}

/* Takes a snapshot; opens the process when it is not, or once more when its program was replaced. */
static bool look(struct watched *watched)
{
	bool first = watched->source == NULL;

	reader_free(&watched->snapshot);
	if (!first &&
	    !reader_take(watched->source, READER_COUNTS, &watched->snapshot, &watched->error)) {
		if (source_has_ended(watched->source))
			return false;
		source_close(watched->source);
		watched->source = NULL;
		first = true;
	}
	if (first) {
		watched->source = source_of_process(watched->pid, SOURCE_READ, &watched->error);
		if (watched->source == NULL || !reader_take(watched->source, READER_COUNTS,
		                                            &watched->snapshot, &watched->error))
			return false;
		snprintf(watched->command, sizeof watched->command, "%s",
		         source_command(watched->source));
	}
	watched->resident = source_resident_bytes(watched->pid);
	rate_update(watched, first);
	return true;
}

static void watched_close(struct watched *watched)
{
	if (watched->source != NULL)
		source_close(watched->source);
	reader_free(&watched->snapshot);
}

static bool is_watched(const struct watch *watch, pid_t pid)
{
	for (size_t i = 0; i < watch->count; i++)
		if (watch->all[i].pid == pid)
			return true;
	return false;
}

bool watch_add(struct watch *watch, pid_t pid, struct tool_error *error)
{
	struct watched fresh = {.pid = pid};
	size_t count = watch->count;

	if (is_watched(watch, pid))
		return true;
	if (!look(&fresh)) {
		*error = fresh.error;
		watched_close(&fresh);
		return false;
	}
	fresh.fresh = true;
	if ((count & (count - 1)) == 0)
		watch->all = tool_resize(watch->all, count == 0 ? 1 : count * 2, sizeof fresh);
	watch->all[watch->count++] = fresh;
	return true;
}

static void search(struct watch *watch)
{
	struct dirent *entry;
	struct tool_error error;
	DIR *proc = opendir("/proc");

	watch->unreadable = 0;
	watch->forbidden = false;
	if (proc == NULL)
		return;
	while ((entry = readdir(proc)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		errno = 0;
		if (!is_watched(watch, pid) && source_maps_halloc(pid))
			watch->unreadable += !watch_add(watch, pid, &error);
		else if (errno == EACCES)
			watch->forbidden = true;
	}
	closedir(proc);
}

/* --- Order -------------------------------------------------------------------------------------- */

static enum watch_key sort_key;

static double key_of(const struct watched *watched)
{
	const struct reader_totals *totals = &watched->snapshot.totals;

	switch (sort_key) {
	case WATCH_BY_HELD:
		return (double)totals->held;
	case WATCH_BY_IDLE:
		return (double)totals->idle;
	case WATCH_BY_CACHED:
		return (double)totals->cached;
	case WATCH_BY_RESIDENT:
		return (double)watched->resident;
	case WATCH_BY_RATE:
		return watched->rate;
	case WATCH_BY_PID:
		return -(double)watched->pid;
	case WATCH_BY_NAME:
		return 0;
	case WATCH_BY_LIVE:
	case WATCH_KEYS:
		break;
	}
	return (double)totals->live;
}

static int watched_compare(const void *a, const void *b)
{
	const struct watched *left = a;
	const struct watched *right = b;
	double difference = key_of(right) - key_of(left);
	int names = sort_key == WATCH_BY_NAME ? strcmp(left->command, right->command) : 0;

	if (difference != 0)
		return difference > 0 ? 1 : -1;
	return names != 0 ? names : (left->pid > right->pid) - (left->pid < right->pid);
}

void watch_update(struct watch *watch, enum watch_key key)
{
	for (size_t i = 0; i < watch->count; i++) {
		struct watched *watched = &watch->all[i];
		if (!watched->fresh)
			watched->gone = watched->gone || !look(watched);
		watched->fresh = false;
	}
	if (watch->everything && tool_now_seconds() >= watch->next_search) {
		search(watch);
		for (size_t i = 0; i < watch->count; i++)
			watch->all[i].fresh = false;
		watch->next_search = tool_now_seconds() + SEARCH_SECONDS;
	}
	sort_key = key;
	qsort(watch->all, watch->count, sizeof *watch->all, watched_compare);
}

void watch_forget_gone(struct watch *watch)
{
	size_t kept = 0;

	for (size_t i = 0; i < watch->count; i++) {
		if (watch->all[i].gone)
			watched_close(&watch->all[i]);
		else
			watch->all[kept++] = watch->all[i];
	}
	watch->count = kept;
}
