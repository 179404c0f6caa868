/*
 * homes - where functions come from: the files that are meant, and what the loader finds there by a name.
 *
 * Holds:  nothing but what is in the sets.
 * Always: what is known of a set only grows, so that threads need not wait for each other: a file is kept open before
 *         it is added, and a function that was found is not forgotten.
 * Locks:  none of its own; a file is added under the loader's.
 */
#include "homes.h"
#include "lock.h"
#include "objects.h"
#include "report.h"

#include <dlfcn.h>
#include <elf.h>
#include <limits.h>
#include <link.h>
#include <stddef.h>
#include <string.h>

bool homes_have(const struct homes_set *set, const void *address)
{
	unsigned count = __atomic_load_n(&set->home_count, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < count; i++)
		if ((uintptr_t)address >= set->homes[i].start &&
		    (uintptr_t)address < set->homes[i].end)
			return true;
	return false;
}

/* A file that functions of a set come from, and that is not known yet. */
struct home_search {
	struct homes_set *set;
	const struct link_map *kept; /* NULL: any */
	char *file;                  /* of PATH_MAX */
};

static bool is_new_home(const struct homes_set *set, const struct object *object)
{
	return set->home_count < HOMES_MAX && objects_is_named(object, set->home) &&
	       !homes_have(set, (const void *)object->start);
}

/* For dl_iterate_phdr, as those below: looks for one. */
runs_seldom static int home_find(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	struct home_search *search = arg;
	struct object object;

	(void)bytes;
	objects_read(&object, info);
	if (!is_new_home(search->set, &object) || strlen(info->dlpi_name) >= PATH_MAX)
		return 0;
	strcpy(search->file, info->dlpi_name);
	return 1;
}

/* Adds the one that is kept: under the loader's lock, so that one thread at a time does. */
static int home_add(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	struct home_search *search = arg;
	struct homes_set *set = search->set;
	struct object object;

	(void)bytes;
	objects_read(&object, info);
	if ((search->kept != NULL && search->kept->l_addr != object.base) ||
	    !is_new_home(set, &object))
		return 0;
	set->homes[set->home_count] =
	        (struct homes_range){.start = object.start, .end = object.end};
	__atomic_store_n(&set->home_count, set->home_count + 1, __ATOMIC_RELEASE);
	return 0;
}

runs_seldom void homes_find(struct homes_set *set)
{
	char file[PATH_MAX];
	struct home_search search = {.set = set, .file = file};

	for (unsigned tries = 0; tries < OBJECTS_TRIES_MAX; tries++) {
		if (dl_iterate_phdr(home_find, &search) == 0)
			return;
		void *handle = objects_open(file, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
		if (handle == NULL)
			continue; /* it was closed meanwhile */
		search.kept = handle;
		dl_iterate_phdr(home_add, &search);
		dlclose(handle);
	}
}

void homes_find_first(struct homes_set *set)
{
	dl_iterate_phdr(home_add, &(struct home_search){.set = set});
}

/* --- Names ---------------------------------------------------------------------------------------- */

/* Whether a function's address is that of a piece of code in the executable that calls it: other objects
 * know it by that, where the executable is not position-independent and takes it. */
static bool is_stub(const void *address)
{
	void *found = NULL;
	Dl_info info;

	if (dladdr1(address, &info, &found, RTLD_DL_SYMENT) == 0 || found == NULL)
		return false;
	return ((const ElfW(Sym) *)found)->st_shndx == SHN_UNDEF;
}

/* The function of that name in one library, which has a file of its own. */
static void *find_within(struct link_map *library, const char *name)
{
	struct link_map *home = NULL;
	Dl_info info;

	void *handle = objects_open(library->l_name, RTLD_LAZY | RTLD_NOLOAD);
	void *found = handle != NULL ? dlsym(handle, name) : NULL;
	/* Those it was linked with were asked, too. */
	if (found != NULL && dladdr1(found, &info, (void **)&home, RTLD_DL_LINKMAP) == 0)
		home = NULL;
	if (handle != NULL)
		dlclose(handle);
	return home == library ? found : NULL;
}

/* What the loader finds behind the executable. What was preloaded before this library it does not tell in one go; all
 * of that stays for good. */
runs_seldom static void *find_behind_program(const char *name)
{
	struct link_map *library = NULL;
	Dl_info info;
	void *found = dlsym(RTLD_NEXT, name);

	if (dladdr1((void *)homes_find, &info, (void **)&library, RTLD_DL_LINKMAP) == 0 ||
	    library == NULL)
		return found;
	/* From here to the front, as the first one counts; the executable is in front of them. */
	for (library = library->l_prev; library != NULL && library->l_prev != NULL;
	     library = library->l_prev) {
		void *earlier = find_within(library, name);
		if (earlier != NULL)
			found = earlier;
	}
	return found;
}

/* Asks the loader for a function; another thread may have opened what it lies in just now. */
static void name_resolve(struct homes_set *set, struct homes_name *name)
{
	void *found = dlsym(RTLD_DEFAULT, name->name);

	if (found != NULL && !homes_have(set, found) && is_stub(found)) {
		name->stub = found;
		found = find_behind_program(name->name);
	}
	if (found == NULL)
		return;
	if (!homes_have(set, found) && !lock_is_alone())
		homes_find(set);
	if (homes_have(set, found)) {
		__atomic_store_n(&name->theirs, found, __ATOMIC_RELAXED);
		name->by_default = true;
	} else if (set->whole) {
		__atomic_store_n(&set->replaced, true, __ATOMIC_SEQ_CST);
	}
}

void homes_resolve(struct homes_set *set)
{
	for (unsigned i = 0; i < set->count; i++)
		if (set->names[i].theirs == NULL || !set->names[i].by_default)
			name_resolve(set, &set->names[i]);
}

struct homes_name *homes_name_find(const struct homes_set *set, const char *text)
{
	if (strncmp(text, set->names[0].name, set->prefix) != 0)
		return NULL;
	text += set->prefix;
	for (unsigned i = 0; i < set->count; i++) {
		const char *name = set->names[i].name + set->prefix;
		if (*name == *text && strcmp(name, text) == 0)
			return &set->names[i];
	}
	return NULL;
}
