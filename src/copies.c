/*
 * copies - stands before memcpy and its kin, and lets only those through that stay within a block.
 *
 *     | block           |          to + bytes may be the end of the block, not more; so too for what is read
 *            ^ to
 *
 * Holds:  the addresses of libc's functions.
 * Always: what does not concern the heap goes through as it is; what is stopped has changed nothing.
 * Locks:  none: these functions may be called from signal handlers.
 */
#include "copies.h"
#include "around.h"
#include "misuse.h"
#include "options.h"
#include "relink.h"
#include "report.h"

#include <stdint.h>
#include <string.h>

/* X(function, kind); each has a twin __function_chk, which takes the room as well: sources compiled with
 * _FORTIFY_SOURCE call that. */
#define COPIES(X)          \
	X(memcpy, COPY)    \
	X(memmove, COPY)   \
	X(mempcpy, COPY)   \
	X(memset, SET)     \
	X(strcpy, TEXT)    \
	X(stpcpy, TEXT)    \
	X(strncpy, TEXT_N) \
	X(stpncpy, TEXT_N) \
	X(strcat, ADD)     \
	X(strncat, ADD_N)

/* What the functions of a kind take, in a declaration and in a call, and what must be true of it. */
#define COPY_TAKES   void *to, const void *from, size_t bytes
#define COPY_GIVES   to, from, bytes
#define COPY_MAY     may_copy
#define SET_TAKES    void *to, int byte, size_t bytes
#define SET_GIVES    to, byte, bytes
#define SET_MAY      may_set
#define TEXT_TAKES   char *to, const char *from
#define TEXT_GIVES   to, from
#define TEXT_MAY     may_copy_text
#define TEXT_N_TAKES char *to, const char *from, size_t bytes
#define TEXT_N_GIVES to, from, bytes
#define TEXT_N_MAY   may_fill_text
#define ADD_TAKES    TEXT_TAKES
#define ADD_GIVES    TEXT_GIVES
#define ADD_MAY      may_add_text
#define ADD_N_TAKES  TEXT_N_TAKES
#define ADD_N_GIVES  TEXT_N_GIVES
#define ADD_N_MAY    may_add_text_of

/* Their numbers in the table of names. */
enum {
#define X(function, kind) AT_##function, AT_##function##_chk,
	COPIES(X)
#undef X
	        AT_bcopy,
	AT_bzero,
	AT_COUNT
};

static struct homes_name names[AT_COUNT];

/* --- What may be read and written ------------------------------------------------------------------- */

/* Reports that bytes from at on are more than may be touched.
 * Returns: whether they may be all the same, as those of a hole in the heap. */
__attribute__((noinline, cold)) static bool may_leave(const char *function, const void *at,
                                                      size_t bytes, bool writes)
{
	struct around around;

	if (!around_find(at, &around))
		return true;
	misuse_copy(&(struct misuse_copy){
	        .function = function,
	        .at = at,
	        .bytes = bytes,
	        .block = (const void *)around.start,
	        .size = around.bytes,
	        .writes = writes,
	        .live = around.state == AROUND_LIVE,
	        .freed = around.state == AROUND_FREED,
	});
	return false;
}

static inline bool may_touch(const char *function, const void *at, size_t bytes, bool writes)
{
	return likely(!around_is_heap(at)) || likely(bytes <= around_room(at)) ||
	       may_leave(function, at, bytes, writes);
}

/* Measures a text of which at most so many bytes are read.
 * Returns: false, after a report, when its block ends before. */
static bool text_measure(const char *function, const char *text, size_t most, size_t *length)
{
	size_t room = around_is_heap(text) ? around_room(text) : PTRDIFF_MAX;

	*length = strnlen(text, room < most ? room : most);
	return *length < room || room >= most || may_touch(function, text, room + 1, false);
}

/* --- The kinds: whether a call may go on ------------------------------------------------------------- */

static inline bool may_copy(const char *function, COPY_TAKES)
{
	return may_touch(function, from, bytes, false) && may_touch(function, to, bytes, true);
}

static inline bool may_set(const char *function, SET_TAKES)
{
	(void)byte;
	return may_touch(function, to, bytes, true);
}

static bool may_copy_text(const char *function, TEXT_TAKES)
{
	size_t length;

	return text_measure(function, from, SIZE_MAX, &length) &&
	       may_touch(function, to, length + 1, true);
}

/* What is left of the bytes is filled with zeros. */
static bool may_fill_text(const char *function, TEXT_N_TAKES)
{
	size_t length;

	return text_measure(function, from, bytes, &length) && may_touch(function, to, bytes, true);
}

static bool may_add_text_of(const char *function, ADD_N_TAKES)
{
	size_t present, length;

	return text_measure(function, to, SIZE_MAX, &present) &&
	       text_measure(function, from, bytes, &length) &&
	       may_touch(function, to + present, length + 1, true);
}

static bool may_add_text(const char *function, ADD_TAKES)
{
	return may_add_text_of(function, to, from, SIZE_MAX);
}

/* --- The functions -------------------------------------------------------------------------------- */

#define X(function, kind)                                                                     \
	static void *copies_##function(kind##_TAKES)                                          \
	{                                                                                     \
		void *(*theirs)(kind##_TAKES) =                                               \
		        (void *(*)(kind##_TAKES))homes_theirs(&names[AT_##function]);         \
		return kind##_MAY(#function, kind##_GIVES) ? theirs(kind##_GIVES) : to;       \
	}                                                                                     \
	static void *copies_##function##_chk(kind##_TAKES, size_t room)                       \
	{                                                                                     \
		void *(*theirs)(kind##_TAKES, size_t) =                                       \
		        (void *(*)(kind##_TAKES, size_t))homes_theirs(                        \
		                &names[AT_##function##_chk]);                                 \
		return kind##_MAY(#function, kind##_GIVES) ? theirs(kind##_GIVES, room) : to; \
	}
COPIES(X)
#undef X

static void copies_bcopy(const void *from, void *to, size_t bytes)
{
	if (may_copy("bcopy", to, from, bytes))
		memmove(to, from, bytes);
}

static void copies_bzero(void *to, size_t bytes)
{
	if (may_set("bzero", to, 0, bytes))
		memset(to, 0, bytes);
}

static struct homes_name names[AT_COUNT] = {
#define X(function, kind)                                                         \
	[AT_##function] = {.name = #function, .ours = (void *)copies_##function}, \
	[AT_##function##                                                          \
	        _chk] = {.name = "__" #function "_chk", .ours = (void *)copies_##function##_chk},
        COPIES(X)
#undef X
                [AT_bcopy] = {.name = "bcopy", .ours = (void *)copies_bcopy},
        [AT_bzero] = {.name = "bzero", .ours = (void *)copies_bzero},
};

static struct relink_set set = {
        .functions = {.home = "libc.so", .names = names, .count = AT_COUNT},
};

runs_at_start void copies_start(void)
{
	if (options.guard_copies != 0)
		relink_add(&set);
}
