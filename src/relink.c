/*
 * relink - changes the addresses through which other objects call some functions.
 *
 *     object   call *slot        slot: memcpy of libc  ->  ours
 *
 * Holds:  the list of sets.
 * Always: a slot is changed only where it holds the function of that name from the set's home, or nothing yet
 *         and the loader would put that there. Objects that are being loaded are left alone.
 * Locks:  none of its own; works under the loader's, so not to be called from malloc.
 */
#include "relink.h"
#include "objects.h"
#include "report.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stddef.h>
#include <string.h>

/* What a slot holds. */
enum bound { BOUND_HOME, BOUND_NOT_YET, BOUND_ELSEWHERE, BOUND_NOTHING };

static struct relink_set *sets;

/* How many objects had been loaded, as the loader counts, when all was last done. */
static unsigned long long adds_done;

/* --- Slots ---------------------------------------------------------------------------------------- */

static void slot_change(struct object *object, uintptr_t slot, void *value)
{
	static bool told;

	if (objects_write(object, slot, value) || told)
		return;
	report_warning("the system does not let calls be checked: %s", object->info->dlpi_name);
	told = true;
}

static enum bound slot_bound(const struct homes_set *set, const struct object *object,
                             const struct homes_name *name, const ElfW(Rela) * entry,
                             const ElfW(Sym) * symbol)
{
	void **slot = (void **)(object->base + entry->r_offset);
	void *value = __atomic_load_n(slot, __ATOMIC_RELAXED);
	uintptr_t own = symbol->st_shndx != SHN_UNDEF ? object->base + symbol->st_value : 0;
	bool inside = (uintptr_t)value >= object->start && (uintptr_t)value < object->end;

	if (value == NULL || value == name->ours || value == name->stub)
		return BOUND_NOTHING;
	/* What lies in data the program may have changed: it must be the very function. */
	if (ELF64_R_TYPE(entry->r_info) == SLOT_DATA)
		return value == name->theirs && entry->r_addend == 0 ? BOUND_HOME : BOUND_NOTHING;
	/* A call that was never made leads into the object's own code, which asks the loader. */
	if (ELF64_R_TYPE(entry->r_info) == SLOT_CALL && inside && (uintptr_t)value != own)
		return name->by_default ? BOUND_NOT_YET : BOUND_NOTHING;
	return homes_have(set, value) ? BOUND_HOME : BOUND_ELSEWHERE;
}

/* What this library calls by itself stays what it was: where the loader has bound it to a stub, the stub
 * would lead to ours. */
static void slot_keep(struct object *object, const struct homes_name *name, uintptr_t slot)
{
	if (name->theirs != NULL && *(void **)slot == name->stub && name->stub != NULL)
		slot_change(object, slot, name->theirs);
}

static void slot_visit(struct homes_set *set, struct object *object, const ElfW(Rela) * entry,
                       bool change)
{
	const ElfW(Sym) *symbol = &object->symbols[ELF64_R_SYM(entry->r_info)];
	struct homes_name *name = homes_name_find(set, object->strings + symbol->st_name);
	uintptr_t slot = object->base + entry->r_offset;

	if (name == NULL)
		return;
	if (object->is_ours) {
		slot_keep(object, name, slot);
		return;
	}
	enum bound bound = slot_bound(set, object, name, entry, symbol);
	if (!change) {
		if (bound == BOUND_ELSEWHERE && set->whole)
			__atomic_store_n(&set->replaced, true, __ATOMIC_SEQ_CST);
		return;
	}
	if (bound == BOUND_HOME && name->theirs == NULL)
		__atomic_store_n(&name->theirs, *(void **)slot, __ATOMIC_RELAXED);
	if (bound == BOUND_HOME || bound == BOUND_NOT_YET)
		slot_change(object, slot, name->ours);
}

/* --- Walks over what is loaded ---------------------------------------------------------------------- */

struct walk {
	struct relink_set *set;
	bool change;
	unsigned objects; /* the first so many are loaded to the end */
	unsigned long long adds;
	unsigned long long subs;
};

/* For dl_iterate_phdr, as those below: counts the objects. */
static int object_count(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	struct walk *walk = arg;

	(void)bytes;
	if (info->dlpi_adds == __atomic_load_n(&adds_done, __ATOMIC_RELAXED))
		return 1;
	walk->objects++;
	walk->adds = info->dlpi_adds;
	walk->subs = info->dlpi_subs;
	return 0;
}

runs_seldom static int object_visit(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	struct walk *walk = arg;
	struct object object;

	(void)bytes;
	if (info->dlpi_subs != walk->subs)
		return 1;
	if (walk->objects == 0)
		return 0;
	walk->objects--;
	objects_read(&object, info);
	if (walk->set->within != NULL && !objects_is_named(&object, walk->set->within))
		return 0;
	for (unsigned table = 0; table < 2; table++)
		for (size_t i = 0; i < object.counts[table]; i++)
			if (objects_is_slot(&object.tables[table][i]))
				slot_visit(&walk->set->functions, &object, &object.tables[table][i],
				           walk->change);
	objects_seal(&object);
	return 0;
}

/* Visits the objects of a walk. Returns: false when a library was closed meanwhile. */
static bool slots_visit(struct walk walk, bool change)
{
	walk.change = change;
	return dl_iterate_phdr(object_visit, &walk) == 0;
}

runs_seldom static bool set_relink(struct relink_set *set, struct walk walk)
{
	struct homes_set *functions = &set->functions;

	walk.set = set;
	homes_find(functions);
	if (functions->home_count == 0)
		return true;
	homes_resolve(functions);
	/* First a look, and our own slots; then the others. */
	if (!slots_visit(walk, false) || (!functions->replaced && !slots_visit(walk, true)))
		return false;
	if (set->in_force == NULL)
		return true;
	__atomic_store_n(set->in_force, !functions->replaced, __ATOMIC_SEQ_CST);
	/* Another thread may have found out just now. */
	if (__atomic_load_n(&functions->replaced, __ATOMIC_SEQ_CST))
		__atomic_store_n(set->in_force, false, __ATOMIC_SEQ_CST);
	return true;
}

static bool sets_relink(const struct walk *walk)
{
	for (struct relink_set *set = sets; set != NULL; set = set->next)
		if (!set_relink(set, *walk))
			return false;
	return true;
}

void relink_update(void)
{
	int saved = errno;

	for (unsigned tries = 0; sets != NULL && tries < OBJECTS_TRIES_MAX; tries++) {
		struct walk walk = {0};
		if (dl_iterate_phdr(object_count, &walk) != 0)
			break;
		objects_wait();
		if (sets_relink(&walk))
			__atomic_store_n(&adds_done, walk.adds, __ATOMIC_RELAXED);
		dlerror();
	}
	errno = saved;
}

/* --- Once, at start ------------------------------------------------------------------------------ */

bool relink_has_deepbound;

/* Whether all of them are known by addresses of their own: a stub of the executable hides who comes next. */
static bool names_are_certain(const struct homes_set *set)
{
	for (unsigned i = 0; i < set->count; i++)
		if (set->names[i].stub != NULL)
			return false;
	return !set->replaced;
}

static void range_find(struct relink_set *set)
{
	set->lowest = UINTPTR_MAX;
	set->highest = 0;
	for (unsigned i = 0; i < set->functions.count; i++) {
		uintptr_t theirs = (uintptr_t)set->functions.names[i].theirs;
		if (theirs != 0 && theirs < set->lowest)
			set->lowest = theirs;
		if (theirs > set->highest)
			set->highest = theirs;
	}
}

bool relink_find(struct relink_set *set)
{
	struct homes_set *functions = &set->functions;
	int saved = errno;

	homes_find_first(functions);
	if (functions->home_count != 0) {
		homes_resolve(functions);
		range_find(set);
		dlerror();
	}
	errno = saved;
	return set->highest != 0 && names_are_certain(functions);
}

/* Returns: the function of theirs that starts at an address; NULL where none does. */
static struct homes_name *name_at(const struct relink_set *set, uintptr_t address)
{
	if (address < set->lowest || address > set->highest)
		return NULL;
	for (unsigned i = 0; i < set->functions.count; i++)
		if ((uintptr_t)set->functions.names[i].theirs == address)
			return &set->functions.names[i];
	return NULL;
}

/* The function that a call leads to, or will once the loader is asked: what it finds for the program it finds
 * for all, but for what an object brings itself. Returns: NULL for what is not in the set. */
static struct homes_name *call_leads_to(const struct relink_set *set, const struct object *object,
                                        const ElfW(Rela) * entry)
{
	uintptr_t value = *(uintptr_t *)(object->base + entry->r_offset);

	if (value < object->start || value >= object->end)
		return name_at(set, value);
	const ElfW(Sym) *symbol = &object->symbols[ELF64_R_SYM(entry->r_info)];
	if (symbol->st_shndx != SHN_UNDEF)
		return name_at(set, object->base + symbol->st_value);
	struct homes_name *name =
	        homes_name_find(&set->functions, object->strings + symbol->st_name);
	return name != NULL && name->theirs != NULL ? name : NULL;
}

static void calls_change(const struct relink_set *set, struct object *object)
{
	for (size_t i = 0; i < object->counts[1]; i++) {
		const ElfW(Rela) *entry = &object->tables[1][i];
		if (ELF64_R_TYPE(entry->r_info) != (unsigned)SLOT_CALL)
			continue;
		const struct homes_name *name = call_leads_to(set, object, entry);
		if (name != NULL)
			objects_write(object, object->base + entry->r_offset, name->ours);
	}
	objects_seal(object);
}

static int object_calls_change(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	const struct relink_set *set = arg;
	struct object object;

	(void)bytes;
	objects_read(&object, info);
	if (!object.is_ours)
		calls_change(set, &object);
	return 0;
}

void relink_calls(struct relink_set *set)
{
	int saved = errno;

	dl_iterate_phdr(object_calls_change, set);
	errno = saved;
}

/* --- Libraries that are opened later ------------------------------------------------------------- */

enum { AT_dlsym, AT_dlvsym, LOOKUPS };

static struct homes_name lookups[LOOKUPS];

/* Who asks for a symbol has opened a library, if not through us; it is not in use yet. As in objects_open, the
 * last call is a jump. */
runs_seldom static void *relink_dlsym(void *handle, const char *name)
{
	relink_update();
	return ((void *(*)(void *, const char *))homes_theirs(&lookups[AT_dlsym]))(handle, name);
}

runs_seldom static void *relink_dlvsym(void *handle, const char *name, const char *version)
{
	void *(*theirs)(void *, const char *, const char *) =
	        (void *(*)(void *, const char *, const char *))homes_theirs(&lookups[AT_dlvsym]);

	relink_update();
	return theirs(handle, name, version);
}

static struct homes_name lookups[LOOKUPS] = {
        [AT_dlsym] = {.name = "dlsym", .ours = (void *)relink_dlsym},
        [AT_dlvsym] = {.name = "dlvsym", .ours = (void *)relink_dlvsym},
};

static struct relink_set lookups_set = {
        .functions = {.home = "libc.so libdl.so", .names = lookups, .count = LOOKUPS},
};

runs_seldom void relink_add(struct relink_set *set)
{
	set->next = sets != NULL ? sets : &lookups_set;
	sets = set;
}

bool relink_wanted(void)
{
	return sets != NULL;
}
