/*
 * limit - what the user lets the process commit, and what its control group has left.
 *
 * Holds:  the limit; where the files of the control group are.
 * Always: without HALLOC_LIMIT and HALLOC_PRESSURE no file is opened, least of all after start:
 *         a program may have shut itself up in a sandbox that kills it for that.
 * Locks:  none; of several threads that want to look at the group, one does.
 *
 *     version 2   /sys/fs/cgroup/GROUP          memory.max memory.high memory.current memory.stat
 *     version 1   /sys/fs/cgroup/memory/GROUP   memory.limit_in_bytes memory.usage_in_bytes ...
 *
 * GROUP is what /proc/self/cgroup says. The limits of all groups above it hold as well, and inside
 * of a container its lower part may not be there: every directory up to the root is asked.
 */
#include "limit.h"
#include "clock.h"
#include "machine.h"
#include "options.h"
#include "report.h"

#include <errno.h>
#include <string.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

/* How often to look: while some group has a limit, and while none has. */
#define LOOK_AFTER_MS 100
#define IDLE_AFTER_MS 5000
#define LOOK_AGAIN_MS 60000 /* though who looks has not come back */

/* A group is nearly full with so many eighths of its limit in use, its file cache not counted. */
#define FULL_EIGHTHS 7

/* Tasks wait for memory when they did so for one part in so many of the time since the last
 * look. */
#define STALL_PARTS 20

/* Limits of version 1 beyond this stand for none. */
#define NO_LIMIT ((size_t)1 << 60)

enum { PRESSURE_AUTO, PRESSURE_OFF, PRESSURE_ON };

/* The names that the two versions have for the same. */
struct cgroup_names {
	const char *max;
	const char *high;
	const char *current;
	const char *cache[2]; /* lines of memory.stat */
};

static const struct cgroup_names names_v1 = {
        .max = "memory.limit_in_bytes",
        .current = "memory.usage_in_bytes",
        .cache = {"total_inactive_file ", "total_active_file "},
};

static const struct cgroup_names names_v2 = {
        .max = "memory.max",
        .high = "memory.high",
        .current = "memory.current",
        .cache = {"inactive_file ", "active_file "},
};

size_t limit_bytes = SIZE_MAX;
bool limit_watches;

static struct {
	const struct cgroup_names *names; /* NULL: there is none */
	char path[512];                   /* its directory */
	size_t root_length;               /* of the part of path that is the mount point */
} cgroup lies_late;

static uint32_t look_next_ms;
static uint32_t look_last_ms;
static uint64_t stalled_us; /* as of the last look */

/* --- What users write --------------------------------------------------------------------------- */

/* Takes digits off the front of text. Returns: false when there are none, or too many. */
static bool take_number(const char **text, size_t *number)
{
	const char *start = *text;
	size_t value = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (size_t)(**text - '0'), &value))
			return false;
	*number = value;
	return *text != start;
}

bool limit_parse(const char *text, size_t whole, size_t *bytes)
{
	static const char units[] = "KkMmGgTt";
	size_t value;

	if (!take_number(&text, &value))
		return false;
	if (strcmp(text, "%") == 0) {
		if (value == 0 || value > 100)
			return false;
		value = whole / 100 * value + whole % 100 * value / 100;
	} else if (*text != '\0') {
		const char *unit = strchr(units, *text);
		if (unit == NULL || text[1] != '\0')
			return false;
		if (__builtin_mul_overflow(value, (size_t)1024 << (unit - units) / 2 * 10, &value))
			return false;
	}
	if (value < LIMIT_BYTES_MIN)
		return false;
	*bytes = value;
	return true;
}

/* --- The files of the control group ------------------------------------------------------------- */

/* Reads a file of the group at the first length bytes of its path. Returns: false without one. */
static bool group_read(size_t length, const char *name, char *text, size_t bytes)
{
	char path[sizeof cgroup.path + 64];

	memcpy(path, cgroup.path, length);
	report_text(path + length, sizeof path - length, "/%s", name);
	return machine_file_read(path, text, bytes);
}

/* A file that holds one number. Returns: false when it is not there, or says "max". */
static bool group_number(size_t length, const char *name, size_t *number)
{
	char text[64];
	const char *at = text;

	return name != NULL && group_read(length, name, text, sizeof text) &&
	       take_number(&at, number) && *number < NO_LIMIT;
}

/* The length of the path of the group above; 0 above the mount point. */
static size_t group_above(size_t length)
{
	if (length <= cgroup.root_length)
		return 0;
	while (cgroup.path[length - 1] != '/')
		length--;
	return length - 1 < cgroup.root_length ? cgroup.root_length : length - 1;
}

/* Whether the word is one of a list, which is parted by commas and ends with a colon. */
static bool lists_word(const char *list, const char *word)
{
	for (;;) {
		size_t length = strcspn(list, ",:\n");
		if (length == strlen(word) && strncmp(list, word, length) == 0)
			return true;
		if (list[length] != ',')
			return false;
		list += length + 1;
	}
}

/* The group on the line of /proc/self/cgroup, "NUMBER:CONTROLLERS:GROUP", with this controller; NULL
 * when there is none. The line of version 2 has no controller, as "0::/user.slice". */
static char *group_with(char *lines, const char *controller)
{
	for (char *line = lines; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		size_t number = strcspn(line, ":\n");
		if (line[number] != ':' || !lists_word(line + number + 1, controller))
			continue;
		size_t list = strcspn(line + number + 1, ":\n");
		if (line[number + 1 + list] == ':')
			return line + number + 1 + list + 1;
	}
	return NULL;
}

/* At boot only: its frame is large, and a thread may have a small stack. */
__attribute__((noinline)) static void group_find(void)
{
	char lines[4096];
	/* Where version 1 has the memory, version 2 has it not. */
	const struct cgroup_names *names = &names_v1;
	const char *root = CGROUP_ROOT "/memory";

	cgroup.names = NULL;
	if (!machine_file_read("/proc/self/cgroup", lines, sizeof lines))
		return;
	char *group = group_with(lines, "memory");
	if (group == NULL) {
		group = group_with(lines, "");
		names = &names_v2;
		root = CGROUP_ROOT;
	}
	if (group == NULL)
		return;
	group[strcspn(group, "\n")] = '\0';
	/* The root; or a group outside of what this process may see. */
	if (strncmp(group, "/..", 3) == 0 || strcmp(group, "/") == 0)
		*group = '\0';
	cgroup.root_length = strlen(root);
	if (cgroup.root_length + strlen(group) >= sizeof cgroup.path)
		*group = '\0';
	report_text(cgroup.path, sizeof cgroup.path, "%s%s", root, group);
	cgroup.names = names;
}

/* The memory that the process may use: of the control groups it is in, or of the machine. */
static size_t memory_bytes(void)
{
	size_t smallest = machine_memory_bytes();
	size_t found;

	if (cgroup.names == NULL)
		return smallest;
	for (size_t length = strlen(cgroup.path); length != 0; length = group_above(length))
		if (group_number(length, cgroup.names->max, &found) && found < smallest)
			smallest = found;
	return smallest;
}

/* --- Pressure ----------------------------------------------------------------------------------- */

/* The bytes of a group that are the system's cache of files, which it drops by itself. */
static size_t group_cache_bytes(size_t length)
{
	char text[2048];
	size_t sum = 0;

	if (!group_read(length, "memory.stat", text, sizeof text))
		return 0;
	for (int i = 0; i < 2; i++) {
		const char *name = cgroup.names->cache[i];
		size_t bytes;
		for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
			line += *line == '\n';
			if (strncmp(line, name, strlen(name)) != 0)
				continue;
			line += strlen(name);
			sum += take_number(&line, &bytes) ? bytes : 0;
			break;
		}
	}
	return sum;
}

/* Whether a group is nearly full. *limited is set when it has a limit at all. */
static bool group_is_full(size_t length, bool *limited)
{
	size_t limit = NO_LIMIT;
	size_t bytes;

	if (group_number(length, cgroup.names->max, &bytes))
		limit = bytes;
	if (group_number(length, cgroup.names->high, &bytes) && bytes < limit)
		limit = bytes;
	if (limit == NO_LIMIT)
		return false;
	*limited = true;
	size_t full = limit / 8 * FULL_EIGHTHS;
	if (!group_number(length, cgroup.names->current, &bytes) || bytes < full)
		return false;
	size_t cache = group_cache_bytes(length);
	return cache < bytes && bytes - cache >= full;
}

/* Whether tasks of the group waited for memory since the last look (memory.pressure, version 2). */
static bool group_waits(uint32_t now_ms)
{
	char text[256];
	size_t total;
	bool waits = false;

	if (!group_read(strlen(cgroup.path), "memory.pressure", text, sizeof text))
		return false;
	const char *at = strstr(text, "total=");
	if (at == NULL)
		return false;
	at += strlen("total=");
	if (!take_number(&at, &total))
		return false;
	if (look_last_ms != 0)
		waits = total - stalled_us > (uint64_t)(now_ms - look_last_ms) * 1000 / STALL_PARTS;
	stalled_us = total;
	look_last_ms = now_ms;
	return waits;
}

static bool look(uint32_t now_ms)
{
	bool limited = false;
	bool pressed = false;

	if (cgroup.names != NULL) {
		size_t length = strlen(cgroup.path);
		for (; length != 0 && !pressed; length = group_above(length))
			pressed = group_is_full(length, &limited);
		if (limited && !pressed)
			pressed = group_waits(now_ms);
	}
	uint32_t next = now_ms + (limited ? LOOK_AFTER_MS : IDLE_AFTER_MS);
	__atomic_store_n(&look_next_ms, next, __ATOMIC_RELEASE);
	return pressed;
}

bool limit_pressed(uint32_t now_ms)
{
	uint32_t next = __atomic_load_n(&look_next_ms, __ATOMIC_ACQUIRE);
	int saved = errno;

	if (next != 0 && !clock_has_come(now_ms, next, LOOK_AGAIN_MS))
		return false;
	/* Far ahead, so that one looks, and nobody else until it has. */
	if (!__atomic_compare_exchange_n(&look_next_ms, &next, now_ms + LOOK_AGAIN_MS, false,
	                                 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	bool pressed = look(now_ms);
	errno = saved;
	return pressed;
}

runs_at_start void limit_boot(void)
{
	const char *text = options.limit;
	bool percent = strchr(text, '%') != NULL;

	if (percent || options.pressure == PRESSURE_ON ||
	    (options.pressure == PRESSURE_AUTO && *text != '\0'))
		group_find();
	if (*text != '\0' && !limit_parse(text, percent ? memory_bytes() : 0, &limit_bytes))
		report_warning("HALLOC_LIMIT: \"%s\" is not a size of 1M or more, nor a percentage "
		               "of the memory there is; keeping the default",
		               text);
	limit_watches = options.pressure == PRESSURE_ON ||
	                (options.pressure == PRESSURE_AUTO && limit_bytes != SIZE_MAX);
}
