/*
 * misuse - what is at an address, in words, and the reports of crimes against the heap.
 *
 * Holds:  nothing.
 * Always: nothing is changed; a pointer is never followed; a line is formed where the crime is found, and written
 *         with no lock held.
 * Locks:  none of its own; looks into the core under the core's lock.
 */
#include "misuse.h"
#include "bootstrap.h"
#include "heap.h"
#include "lock.h"
#include "os.h"
#include "pagemap.h"
#include "report.h"
#include "sizeclass.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* What is at ptr, in words, for a report. */
struct place {
	bool dead; /* ptr starts a cell or slot that was handed out once, and is free now */
	char text[160];
};

/* The heap page of Page A that an address of the process heap lies on, from 0. */
static size_t page_number(const void *ptr)
{
	return ((uintptr_t)ptr - pagemap.base) >> HEAP_PAGE_SHIFT;
}

static void place_in_slab(struct place *place, const struct pagemap_entry *entry, const void *ptr)
{
	uint32_t bytes = sizeclasses[entry->sizeclass].slot_bytes;
	uintptr_t offset = (uintptr_t)ptr - entry->start;
	uintptr_t slot = offset / bytes;
	uintptr_t into = offset % bytes;
	size_t page = page_number(ptr);

	if (into != 0 || slot >= sizeclasses[entry->sizeclass].slots) {
		report_text(
		        place->text, sizeof place->text,
		        "%zu bytes into slot %zu of a %u-byte slab in arena %u, page %zu of Page A",
		        into, slot, bytes, (unsigned)entry->arena, page);
		return;
	}
	place->dead = entry->kind == PAGEMAP_RETIRED || entry->states[slot] == SLOT_DEAD;
	const char *state = place->dead ? "already free" : "never handed out";
	if (!place->dead && entry->states[slot] == SLOT_LIVE)
		state = "in use";
	report_text(place->text, sizeof place->text,
	            "slot %zu of a %u-byte slab in arena %u, page %zu of Page A, %s", slot, bytes,
	            (unsigned)entry->arena, page, state);
}

static void place_in_heap(struct place *place, const struct heap_view *view, const void *ptr)
{
	size_t into = (uintptr_t)ptr - (uintptr_t)view->start;

	if (view->kind == HEAP_BLOCK)
		report_text(place->text, sizeof place->text,
		            "%zu bytes into a block of %zu bytes, page %zu of Page A", into,
		            view->bytes, page_number(ptr));
	else if (heap_was_freed(heap_process, ptr)) {
		place->dead = true;
		report_text(place->text, sizeof place->text,
		            "a large block, page %zu of Page A, already free", page_number(ptr));
	} else if (view->kind == HEAP_FREE)
		report_text(place->text, sizeof place->text,
		            "in a free cell of %zu bytes, page %zu of Page A", view->bytes,
		            page_number(ptr));
	else
		report_text(place->text, sizeof place->text, "not an address of the heap");
}

static void place_find(struct place *place, const void *ptr)
{
	struct heap_view view;
	const struct pagemap_entry *entry = pagemap_find(ptr);
	enum bootstrap_state early = bootstrap_state(ptr);

	*place = (struct place){0};
	if (early != BOOTSTRAP_FOREIGN) {
		place->dead = early == BOOTSTRAP_DEAD;
		report_text(place->text, sizeof place->text, "%s the bootstrap buffer",
		            place->dead ? "a freed cell of" : "inside of a cell of");
	} else if (entry != NULL && pagemap_is_guarded(entry)) {
		report_text(place->text, sizeof place->text, "among the pages of a guarded block");
	} else if (entry != NULL && pagemap_has_slab(entry)) {
		place_in_slab(place, entry, ptr);
	} else if (heap_process != NULL && hfindptr(heap_process, ptr, &view)) {
		if (view.kind == HEAP_FREE && entry != NULL && entry->kind == PAGEMAP_RETIRED &&
		    !heap_was_freed(heap_process, ptr))
			place_in_slab(place, entry, ptr);
		else
			place_in_heap(place, &view, ptr);
	} else {
		report_text(place->text, sizeof place->text, "not an address of the heap");
	}
}

void (*misuse_history)(const void *ptr, struct backtrace *taken, struct backtrace *freed);

/* --- Reports ------------------------------------------------------------------------------------ */

/* A crime as it was when it was found, in whole OS pages where it waits to be told. */
struct crime {
	struct lock_later later;
	struct place place;
	struct backtrace taken; /* of the block, where they are known */
	struct backtrace freed;
	char line[512];
};

static void crime_find(struct crime *crime, const void *ptr)
{
	place_find(&crime->place, ptr);
	crime->taken.thread = crime->freed.thread = 0;
	if (misuse_history != NULL)
		misuse_history(ptr, &crime->taken, &crime->freed);
}

static void tell_now(const struct crime *crime)
{
	report_crime("%s", crime->line);
	backtrace_show(&crime->taken, "allocated");
	backtrace_show(&crime->freed, "freed");
	report_end();
}

static size_t crime_bytes(void)
{
	return os_whole_pages(sizeof(struct crime));
}

/* For one that waits where the system has no memory. */
static struct crime reserve lies_late;
static bool reserve_is_taken;

static struct crime *crime_new(void)
{
	struct crime *crime = os_map(crime_bytes());

	if (crime == NULL && !__atomic_exchange_n(&reserve_is_taken, true, __ATOMIC_ACQUIRE))
		crime = &reserve;
	return crime;
}

static void crime_free(struct crime *crime)
{
	if (crime == &reserve)
		__atomic_store_n(&reserve_is_taken, false, __ATOMIC_RELEASE);
	else
		os_unmap(crime, crime_bytes());
}

static void tell_waiting(struct lock_later *later)
{
	struct crime *crime = (struct crime *)later;
	int saved = errno;

	tell_now(crime);
	crime_free(crime);
	errno = saved;
}

/* Has a crime told once no lock is held. Returns: false when none is, or there is no memory. */
static bool tell_later(const struct crime *crime)
{
	struct lock *lock = lock_held();
	int saved = errno;

	if (lock == NULL)
		return false;
	struct crime *waits = crime_new();
	errno = saved;
	if (waits == NULL)
		return false;
	*waits = *crime;
	waits->later.call = tell_waiting;
	lock_call_later(lock, &waits->later);
	return true;
}

/* A block may have been found spoiled with its arena locked. Who reads standard error, if it is full, may want that
 * lock; so may another thread that loads a library, while the unwinder waits for it; and the handler of SIGABRT. */
static void tell(const struct crime *crime)
{
	if (report_carry_on && tell_later(crime))
		return;
	if (!report_carry_on)
		lock_abandon();
	tell_now(crime);
}

void misuse_report(const char *name, const void *ptr, bool was_freed)
{
	struct crime crime;
	const struct place *place = &crime.place;
	const char *sort = "invalid ", *when = "";

	crime_find(&crime, ptr);
	if (was_freed || place->dead) {
		bool twice = strcmp(name, "free") == 0;
		sort = twice ? "double " : "";
		when = twice ? "" : " after free";
	}
	report_text(crime.line, sizeof crime.line, "%s%s%s of %p: %s; thread %d", sort, name, when,
	            ptr, place->text, (int)gettid());
	tell(&crime);
}

void misuse_mismatch(const char *name, const void *ptr, const char *wrong, size_t value)
{
	struct crime crime;

	crime_find(&crime, ptr);
	report_text(crime.line, sizeof crime.line, "%s of %p with the wrong %s %zu: %s; thread %d",
	            name, ptr, wrong, value, crime.place.text, (int)gettid());
	tell(&crime);
}

void misuse_access(const char *sort, const void *block, size_t size, ptrdiff_t at, const char *verb)
{
	struct crime crime;
	const char *sign = at < 0 ? "-" : "";
	size_t distance = at < 0 ? -(size_t)at : (size_t)at;

	crime_find(&crime, block);
	report_text(crime.line, sizeof crime.line,
	            "%s of %p, %zu bytes: byte %s%zu was %s; %s; thread %d", sort, block, size,
	            sign, distance, verb, crime.place.text, (int)gettid());
	tell(&crime);
}

static const char *copy_sort(const struct misuse_copy *copy)
{
	if (copy->live)
		return copy->writes ? "overflow" : "over-read";
	if (copy->freed)
		return copy->writes ? "write after free" : "read after free";
	return copy->writes ? "invalid write" : "invalid read";
}

void misuse_copy(const struct misuse_copy *copy)
{
	struct crime crime;
	ptrdiff_t at = (ptrdiff_t)((uintptr_t)copy->at - (uintptr_t)copy->block);
	const char *sign = at < 0 ? "-" : "";
	size_t distance = at < 0 ? -(size_t)at : (size_t)at;
	char beyond[48] = "";

	crime_find(&crime, copy->block);
	if (copy->live && at >= 0 && (size_t)at <= copy->size)
		report_text(beyond, sizeof beyond, ", %zu too many",
		            copy->bytes - (copy->size - (size_t)at));
	report_text(crime.line, sizeof crime.line,
	            "%s of %p, %zu bytes, by %s: %zu bytes from byte %s%zu on%s; %s; thread %d",
	            copy_sort(copy), copy->block, copy->size, copy->function, copy->bytes, sign,
	            distance, beyond, crime.place.text, (int)gettid());
	tell(&crime);
}

void misuse_origin(const char *name, const void *ptr, const char *maker)
{
	struct crime crime;

	crime_find(&crime, ptr);
	report_text(crime.line, sizeof crime.line, "mismatched %s of %p, made by %s: %s; thread %d",
	            name, ptr, maker, crime.place.text, (int)gettid());
	tell(&crime);
}
