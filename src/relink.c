/*
 * relink - changes the addresses through which other objects call some functions.
 *
 *     object   call *slot        slot: memcpy of libc  ->  ours
 *
 * Holds:  sets of names, and where their functions lie: that only grows, so that threads need not wait for each other.
 * Always: a slot is changed only where it holds the function of that name from the set's home, or nothing yet
 *         and the loader would put that there. Objects that are being loaded are left alone.
 * Locks:  none of its own; works under the loader's, so not to be called from malloc, and what is known of homes is
 *         added to under that one alone.
 */
#include "relink.h"
#include "lock.h"
#include "os.h"
#include "report.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stddef.h>
#include <string.h>

/* The kinds of slots: of a call, of an address taken by code, of an address in data. */
#if defined __x86_64__
enum { SLOT_CALL = R_X86_64_JUMP_SLOT, SLOT_ADDRESS = R_X86_64_GLOB_DAT, SLOT_DATA = R_X86_64_64 };
#elif defined __aarch64__
enum {
	SLOT_CALL = R_AARCH64_JUMP_SLOT,
	SLOT_ADDRESS = R_AARCH64_GLOB_DAT,
	SLOT_DATA = R_AARCH64_ABS64
};
#else
enum { SLOT_CALL = -1, SLOT_ADDRESS = -2, SLOT_DATA = -3 };
#endif

/* Libraries may be closed meanwhile, and then the list must be walked again; not for ever. */
#define TRIES_MAX 16

/* A loaded object. */
struct object {
	const struct dl_phdr_info *info;
	uintptr_t base;
	uintptr_t start;
	uintptr_t end;
	const ElfW(Sym) * symbols;
	const char *strings;
	const ElfW(Rela) * tables[2];
	size_t counts[2];
	uintptr_t sealed_start; /* what the loader made read-only once it was filled in */
	uintptr_t sealed_end;
	bool opened;
	bool is_ours;
	bool has_paths;
};

/* What a slot holds. */
enum bound { BOUND_HOME, BOUND_NOT_YET, BOUND_ELSEWHERE, BOUND_NOTHING };

static struct relink_set *sets;
static unsigned long long
        adds_done; /* what was loaded when all was last done, as the loader counts */

/* --- Objects -------------------------------------------------------------------------------------- */

/* An address from an object's dynamic section: the loader of glibc has put the base into most. */
static uintptr_t address_of(const struct object *object, uintptr_t address)
{
	bool is_mapped = address >= object->start && address < object->end;

	return is_mapped ? address : object->base + address;
}

static void segments_read(struct object *object)
{
	object->start = UINTPTR_MAX;
	for (unsigned i = 0; i < object->info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->info->dlpi_phdr[i];
		uintptr_t start = object->base + segment->p_vaddr;
		uintptr_t end = start + segment->p_memsz;
		if (segment->p_type == PT_GNU_RELRO) {
			object->sealed_start = start & -os_page_bytes;
			object->sealed_end = end & -os_page_bytes;
		}
		if (segment->p_type != PT_LOAD)
			continue;
		if (start < object->start)
			object->start = start;
		if (end > object->end)
			object->end = end;
	}
}

static void dynamic_read(struct object *object, const ElfW(Dyn) * entry)
{
	bool plt_is_rela = false;
	size_t relative = 0; /* these come first, and have no names */

	for (; entry->d_tag != DT_NULL; entry++) {
		uintptr_t address = address_of(object, entry->d_un.d_ptr);
		if (entry->d_tag == DT_SYMTAB)
			object->symbols = (const ElfW(Sym) *)address;
		else if (entry->d_tag == DT_STRTAB)
			object->strings = (const char *)address;
		else if (entry->d_tag == DT_RELA)
			object->tables[0] = (const ElfW(Rela) *)address;
		else if (entry->d_tag == DT_RELASZ)
			object->counts[0] = entry->d_un.d_val / sizeof(ElfW(Rela));
		else if (entry->d_tag == DT_RELACOUNT)
			relative = entry->d_un.d_val;
		else if (entry->d_tag == DT_JMPREL)
			object->tables[1] = (const ElfW(Rela) *)address;
		else if (entry->d_tag == DT_PLTRELSZ)
			object->counts[1] = entry->d_un.d_val / sizeof(ElfW(Rela));
		else if (entry->d_tag == DT_PLTREL)
			plt_is_rela = entry->d_un.d_val == DT_RELA;
		else if (entry->d_tag == DT_RPATH || entry->d_tag == DT_RUNPATH)
			object->has_paths = true;
	}
	if (!plt_is_rela || object->tables[1] == NULL)
		object->counts[1] = 0;
	if (object->tables[0] == NULL || relative > object->counts[0])
		object->counts[0] = relative = 0;
	object->tables[0] += relative;
	object->counts[0] -= relative;
	if (object->symbols == NULL || object->strings == NULL)
		object->counts[0] = object->counts[1] = 0;
}

static void object_read(struct object *object, const struct dl_phdr_info *info)
{
	*object = (struct object){.info = info, .base = info->dlpi_addr};
	segments_read(object);
	object->is_ours = (uintptr_t)&sets >= object->start && (uintptr_t)&sets < object->end;
	for (unsigned i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			dynamic_read(object, (const ElfW(Dyn) *)(object->base +
			                                         info->dlpi_phdr[i].p_vaddr));
}

/* Whether an object's file is among those that words stand for. */
static bool object_is(const struct object *object, const char *words)
{
	const char *slash = strrchr(object->info->dlpi_name, '/');
	const char *file = slash != NULL ? slash + 1 : object->info->dlpi_name;

	if (*words == '\0')
		return object->is_ours;
	while (*words != '\0') {
		size_t length = (size_t)(strchrnul(words, ' ') - words);
		if (strncmp(file, words, length) == 0)
			return true;
		words += length + (words[length] == ' ');
	}
	return false;
}

static bool slot_is_writable(const struct object *object, uintptr_t slot)
{
	for (unsigned i = 0; i < object->info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->info->dlpi_phdr[i];
		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) != 0 &&
		    slot - object->base - segment->p_vaddr < segment->p_memsz)
			return true;
	}
	return false;
}

/* Makes what the loader has sealed writable, or read-only again. */
static bool seal_open(struct object *object, bool open)
{
	if (object->opened == open)
		return true;
	if (!os_seal((void *)object->sealed_start, object->sealed_end - object->sealed_start,
	             !open))
		return false;
	object->opened = open;
	return true;
}

/* Returns: false when the system does not let the slot be changed. */
static bool slot_write(struct object *object, uintptr_t slot, void *value)
{
	bool is_sealed = slot >= object->sealed_start && slot < object->sealed_end;

	if (!slot_is_writable(object, slot))
		return true;
	if (is_sealed && !seal_open(object, true))
		return false;
	__atomic_store_n((void **)slot, value, __ATOMIC_RELEASE);
	return true;
}

static void slot_change(struct object *object, uintptr_t slot, void *value)
{
	static bool told;

	if (slot_write(object, slot, value) || told)
		return;
	report_warning("the system does not let calls be checked: %s", object->info->dlpi_name);
	told = true;
}

/* --- Homes ---------------------------------------------------------------------------------------- */

static bool is_home(const struct relink_set *set, const void *address)
{
	unsigned count = __atomic_load_n(&set->home_count, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < count; i++)
		if ((uintptr_t)address >= set->homes[i].start &&
		    (uintptr_t)address < set->homes[i].end)
			return true;
	return false;
}

typedef void *opens(const char *, int);

/* The loader's own: ours looks at what was opened. */
static opens *loader_open(void)
{
	return (opens *)dlsym(RTLD_NEXT, "dlopen");
}

/* A file that functions of a set come from, and that is not known yet. */
struct home_search {
	struct relink_set *set;
	const struct link_map *kept; /* NULL: any */
	char file[PATH_MAX];
};

static bool is_new_home(const struct relink_set *set, const struct object *object)
{
	return set->home_count < RELINK_HOMES_MAX && object_is(object, set->home) &&
	       !is_home(set, (const void *)object->start);
}

/* For dl_iterate_phdr, as those below: looks for one. */
runs_seldom static int home_find(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	struct home_search *search = arg;
	struct object object;

	(void)bytes;
	object_read(&object, info);
	if (!is_new_home(search->set, &object) || strlen(info->dlpi_name) >= sizeof search->file)
		return 0;
	strcpy(search->file, info->dlpi_name);
	return 1;
}

/* Adds the one that is kept: under the loader's lock, so that one thread at a time does. */
static int home_add(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	struct home_search *search = arg;
	struct relink_set *set = search->set;
	struct object object;

	(void)bytes;
	object_read(&object, info);
	if ((search->kept != NULL && search->kept->l_addr != object.base) ||
	    !is_new_home(set, &object))
		return 0;
	set->homes[set->home_count] =
	        (struct relink_home){.start = object.start, .end = object.end};
	__atomic_store_n(&set->home_count, set->home_count + 1, __ATOMIC_RELEASE);
	return 0;
}

/* Finds where a set's functions come from. A library that is opened later stays open from now on: its functions may be
 * called for others. */
runs_seldom static void homes_find(struct relink_set *set)
{
	struct home_search search = {.set = set};
	opens *open = loader_open();

	for (unsigned tries = 0; open != NULL && tries < TRIES_MAX; tries++) {
		if (dl_iterate_phdr(home_find, &search) == 0)
			return;
		void *handle = open(search.file, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
		if (handle == NULL)
			continue; /* it was closed meanwhile */
		search.kept = handle;
		dl_iterate_phdr(home_add, &search);
		dlclose(handle);
	}
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
	opens *open = loader_open();
	struct link_map *home = NULL;
	Dl_info info;

	void *handle = open != NULL ? open(library->l_name, RTLD_LAZY | RTLD_NOLOAD) : NULL;
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
static void *find_behind_program(const char *name)
{
	struct link_map *library = NULL;
	Dl_info info;
	void *found = dlsym(RTLD_NEXT, name);

	if (dladdr1(&sets, &info, (void **)&library, RTLD_DL_LINKMAP) == 0 || library == NULL)
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
static void name_resolve(struct relink_set *set, struct relink_name *name)
{
	void *found = dlsym(RTLD_DEFAULT, name->name);

	if (found != NULL && !is_home(set, found) && is_stub(found)) {
		name->stub = found;
		found = find_behind_program(name->name);
	}
	if (found == NULL)
		return;
	if (!is_home(set, found) && !lock_is_alone())
		homes_find(set);
	if (is_home(set, found)) {
		__atomic_store_n(&name->theirs, found, __ATOMIC_RELAXED);
		name->by_default = true;
	} else if (set->whole) {
		__atomic_store_n(&set->replaced, true, __ATOMIC_SEQ_CST);
	}
}

static void names_resolve(struct relink_set *set)
{
	for (unsigned i = 0; i < set->count; i++)
		if (set->names[i].theirs == NULL || !set->names[i].by_default)
			name_resolve(set, &set->names[i]);
}

static struct relink_name *name_find(const struct relink_set *set, const char *text)
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

/* --- Slots ---------------------------------------------------------------------------------------- */

static enum bound slot_bound(const struct relink_set *set, const struct object *object,
                             const struct relink_name *name, const ElfW(Rela) * entry,
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
	return is_home(set, value) ? BOUND_HOME : BOUND_ELSEWHERE;
}

static bool is_slot(const ElfW(Rela) * entry)
{
	unsigned type = ELF64_R_TYPE(entry->r_info);

	return (type == (unsigned)SLOT_CALL || type == (unsigned)SLOT_ADDRESS ||
	        type == (unsigned)SLOT_DATA) &&
	       ELF64_R_SYM(entry->r_info) != 0;
}

/* What this library calls by itself stays what it was: where the loader has bound it to a stub, the stub
 * would lead to ours. */
static void slot_keep(struct object *object, const struct relink_name *name, uintptr_t slot)
{
	if (name->theirs != NULL && *(void **)slot == name->stub && name->stub != NULL)
		slot_change(object, slot, name->theirs);
}

static void slot_visit(struct relink_set *set, struct object *object, const ElfW(Rela) * entry,
                       bool change)
{
	const ElfW(Sym) *symbol = &object->symbols[ELF64_R_SYM(entry->r_info)];
	struct relink_name *name = name_find(set, object->strings + symbol->st_name);
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
		name->theirs = *(void **)slot;
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

/* Counts the objects. */
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

static int object_visit(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	struct walk *walk = arg;
	struct object object;

	(void)bytes;
	if (info->dlpi_subs != walk->subs)
		return 1;
	if (walk->objects == 0)
		return 0;
	walk->objects--;
	object_read(&object, info);
	if (walk->set->within != NULL && !object_is(&object, walk->set->within))
		return 0;
	for (unsigned table = 0; table < 2; table++)
		for (size_t i = 0; i < object.counts[table]; i++)
			if (is_slot(&object.tables[table][i]))
				slot_visit(walk->set, &object, &object.tables[table][i],
				           walk->change);
	seal_open(&object, false);
	return 0;
}

/* Waits until no other thread is in the middle of opening a library: the loader opens one at a time. */
static void loader_wait(void)
{
	opens *open = loader_open();
	void *program = open != NULL ? open(NULL, RTLD_LAZY | RTLD_NOLOAD) : NULL;

	if (program != NULL)
		dlclose(program);
}

/* Visits the objects of a walk. Returns: false when a library was closed meanwhile. */
static bool slots_visit(struct walk walk, bool change)
{
	walk.change = change;
	return dl_iterate_phdr(object_visit, &walk) == 0;
}

static bool set_relink(struct relink_set *set, struct walk walk)
{
	walk.set = set;
	homes_find(set);
	if (set->home_count == 0)
		return true;
	names_resolve(set);
	/* First a look, and our own slots; then the others. */
	if (!slots_visit(walk, false) || (!set->replaced && !slots_visit(walk, true)))
		return false;
	if (set->in_force == NULL)
		return true;
	__atomic_store_n(set->in_force, !set->replaced, __ATOMIC_SEQ_CST);
	/* Another thread may have found out just now. */
	if (__atomic_load_n(&set->replaced, __ATOMIC_SEQ_CST))
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

	for (unsigned tries = 0; sets != NULL && tries < TRIES_MAX; tries++) {
		struct walk walk = {0};
		if (dl_iterate_phdr(object_count, &walk) != 0)
			break;
		loader_wait();
		if (sets_relink(&walk))
			__atomic_store_n(&adds_done, walk.adds, __ATOMIC_RELAXED);
		dlerror();
	}
	errno = saved;
}

/* --- Once, at start ------------------------------------------------------------------------------ */

bool relink_has_deepbound;

/* Whether all of them are known by addresses of their own: a stub of the executable hides who comes next. */
static bool names_are_certain(const struct relink_set *set)
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
	for (unsigned i = 0; i < set->count; i++) {
		uintptr_t theirs = (uintptr_t)set->names[i].theirs;
		if (theirs != 0 && theirs < set->lowest)
			set->lowest = theirs;
		if (theirs > set->highest)
			set->highest = theirs;
	}
}

bool relink_find(struct relink_set *set)
{
	int saved = errno;

	dl_iterate_phdr(home_add, &(struct home_search){.set = set});
	if (set->home_count != 0) {
		names_resolve(set);
		range_find(set);
		dlerror();
	}
	errno = saved;
	return set->highest != 0 && names_are_certain(set);
}

/* Returns: the function of theirs that starts at an address; NULL where none does. */
static struct relink_name *name_at(const struct relink_set *set, uintptr_t address)
{
	if (address < set->lowest || address > set->highest)
		return NULL;
	for (unsigned i = 0; i < set->count; i++)
		if ((uintptr_t)set->names[i].theirs == address)
			return &set->names[i];
	return NULL;
}

/* The function that a call leads to, or will once the loader is asked: what it finds for the program it finds
 * for all, but for what an object brings itself. Returns: NULL for what is not in the set. */
static struct relink_name *call_leads_to(const struct relink_set *set, const struct object *object,
                                         const ElfW(Rela) * entry)
{
	uintptr_t value = *(uintptr_t *)(object->base + entry->r_offset);

	if (value < object->start || value >= object->end)
		return name_at(set, value);
	const ElfW(Sym) *symbol = &object->symbols[ELF64_R_SYM(entry->r_info)];
	if (symbol->st_shndx != SHN_UNDEF)
		return name_at(set, object->base + symbol->st_value);
	struct relink_name *name = name_find(set, object->strings + symbol->st_name);
	return name != NULL && name->theirs != NULL ? name : NULL;
}

static void calls_change(const struct relink_set *set, struct object *object)
{
	for (size_t i = 0; i < object->counts[1]; i++) {
		const ElfW(Rela) *entry = &object->tables[1][i];
		if (ELF64_R_TYPE(entry->r_info) != (unsigned)SLOT_CALL)
			continue;
		const struct relink_name *name = call_leads_to(set, object, entry);
		if (name != NULL)
			slot_write(object, object->base + entry->r_offset, name->ours);
	}
	seal_open(object, false);
}

static int object_calls_change(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	const struct relink_set *set = arg;
	struct object object;

	(void)bytes;
	object_read(&object, info);
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

static struct relink_name lookups[LOOKUPS];

/* Who asks for a symbol has opened a library, if not through us; it is not in use yet. As in dlopen.c, the last
 * call is a jump: the loader tells by its return address who is asking. */
static void *relink_dlsym(void *handle, const char *name)
{
	relink_update();
	return ((void *(*)(void *, const char *))lookups[AT_dlsym].theirs)(handle, name);
}

static void *relink_dlvsym(void *handle, const char *name, const char *version)
{
	void *(*theirs)(void *, const char *, const char *) =
	        (void *(*)(void *, const char *, const char *))lookups[AT_dlvsym].theirs;

	relink_update();
	return theirs(handle, name, version);
}

static struct relink_name lookups[LOOKUPS] = {
        [AT_dlsym] = {.name = "dlsym", .ours = (void *)relink_dlsym},
        [AT_dlvsym] = {.name = "dlvsym", .ours = (void *)relink_dlvsym},
};

static struct relink_set lookups_set = {
        .home = "libc.so libdl.so",
        .names = lookups,
        .count = LOOKUPS,
};

/* The object that some code lies in. */
struct code {
	uintptr_t address;
	bool has_paths;
};

static int object_holds(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	struct code *code = arg;
	struct object object;

	(void)bytes;
	object_read(&object, info);
	if (code->address < object.start || code->address >= object.end)
		return 0;
	code->has_paths = object.has_paths;
	return 1;
}

bool relink_has_paths(const void *code)
{
	struct code asked = {.address = (uintptr_t)code, .has_paths = true};

	dl_iterate_phdr(object_holds, &asked);
	return asked.has_paths;
}

void relink_add(struct relink_set *set)
{
	set->next = sets != NULL ? sets : &lookups_set;
	sets = set;
}

bool relink_wanted(void)
{
	return sets != NULL;
}
