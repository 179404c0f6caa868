/*
 * misuse - what is at an address, in words, and the reports of crimes against the heap.
 *
 * Holds:  nothing.
 * Always: nothing is changed; a pointer is never followed.
 * Locks:  none of its own; looks into the core under the core's lock.
 */
#include "misuse.h"
#include "bootstrap.h"
#include "heap.h"
#include "lock.h"
#include "pagemap.h"
#include "report.h"
#include "sizeclass.h"

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
	place->dead = entry->retired || entry->states[slot] == SLOT_DEAD;
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
	} else if (entry != NULL && entry->guarded) {
		report_text(place->text, sizeof place->text, "among the pages of a guarded block");
	} else if (entry != NULL && (entry->reciprocal != 0 || entry->hidden)) {
		place_in_slab(place, entry, ptr);
	} else if (heap_process != NULL && hfindptr(heap_process, ptr, &view)) {
		if (view.kind == HEAP_FREE && entry != NULL && entry->retired &&
		    !heap_was_freed(heap_process, ptr))
			place_in_slab(place, entry, ptr);
		else
			place_in_heap(place, &view, ptr);
	} else {
		report_text(place->text, sizeof place->text, "not an address of the heap");
	}
}

void (*misuse_history)(const void *ptr);

/* Before a report that ends the process: a block may have been found spoiled with its arena locked. Who reads
 * standard error, if it is full, may want that lock; so may another thread that loads a library, while the unwinder
 * waits for it; and the handler of SIGABRT. */
static void let_go(void)
{
	if (!report_carry_on)
		lock_abandon();
}

/* Ends a report whose line is written. */
static void finish(const void *ptr)
{
	if (misuse_history != NULL)
		misuse_history(ptr);
	report_end();
}

void misuse_report(const char *name, const void *ptr, bool was_freed)
{
	struct place place;
	int thread = (int)gettid();

	place_find(&place, ptr);
	let_go();
	if (was_freed)
		place.dead = true;
	if (place.dead && strcmp(name, "free") == 0)
		report_crime("double free of %p: %s; thread %d", ptr, place.text, thread);
	else if (place.dead)
		report_crime("%s after free of %p: %s; thread %d", name, ptr, place.text, thread);
	else
		report_crime("invalid %s of %p: %s; thread %d", name, ptr, place.text, thread);
	finish(ptr);
}

void misuse_mismatch(const char *name, const void *ptr, const char *wrong, size_t value)
{
	struct place place;

	place_find(&place, ptr);
	let_go();
	report_crime("%s of %p with the wrong %s %zu: %s; thread %d", name, ptr, wrong, value,
	             place.text, (int)gettid());
	finish(ptr);
}

void misuse_access(const char *crime, const void *block, size_t size, ptrdiff_t at,
                   const char *verb)
{
	struct place place;
	const char *sign = at < 0 ? "-" : "";
	size_t distance = at < 0 ? -(size_t)at : (size_t)at;

	place_find(&place, block);
	let_go();
	report_crime("%s of %p, %zu bytes: byte %s%zu was %s; %s; thread %d", crime, block, size,
	             sign, distance, verb, place.text, (int)gettid());
	finish(block);
}

static const char *copy_crime(const struct misuse_copy *copy)
{
	if (copy->live)
		return copy->writes ? "overflow" : "over-read";
	if (copy->freed)
		return copy->writes ? "write after free" : "read after free";
	return copy->writes ? "invalid write" : "invalid read";
}

void misuse_copy(const struct misuse_copy *copy)
{
	struct place place;
	ptrdiff_t at = (ptrdiff_t)((uintptr_t)copy->at - (uintptr_t)copy->block);
	const char *sign = at < 0 ? "-" : "";
	size_t distance = at < 0 ? -(size_t)at : (size_t)at;
	char beyond[48] = "";

	place_find(&place, copy->block);
	let_go();
	if (copy->live && at >= 0 && (size_t)at <= copy->size)
		report_text(beyond, sizeof beyond, ", %zu too many",
		            copy->bytes - (copy->size - (size_t)at));
	report_crime("%s of %p, %zu bytes, by %s: %zu bytes from byte %s%zu on%s; %s; thread %d",
	             copy_crime(copy), copy->block, copy->size, copy->function, copy->bytes, sign,
	             distance, beyond, place.text, (int)gettid());
	finish(copy->block);
}

void misuse_origin(const char *name, const void *ptr, const char *maker)
{
	struct place place;

	place_find(&place, ptr);
	let_go();
	report_crime("mismatched %s of %p, made by %s: %s; thread %d", name, ptr, maker, place.text,
	             (int)gettid());
	finish(ptr);
}
