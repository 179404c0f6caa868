/*
 * objects - what the loader has loaded: an object's tables, read as they lie in memory.
 *
 *     object   | symbols | strings | tables: where each slot is, and whose address it holds | slots, sealed or not |
 *
 * Holds:  the address of the C library's dlopen.
 * Always: of an object that is loaded to the end, nothing but slots is written to, and what the loader has sealed is sealed
 *         again.
 * Locks:  none of its own; works under the loader's.
 */
#include "objects.h"
#include "os.h"
#include "report.h"

#include <dlfcn.h>
#include <elf.h>
#include <string.h>

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

/* Leaves out what cannot be used; and the first so many entries, which are relative. */
static void tables_check(struct object *object, size_t relative)
{
	if (object->tables[1] == NULL)
		object->counts[1] = 0;
	if (object->tables[0] == NULL || relative > object->counts[0])
		object->counts[0] = relative = 0;
	object->tables[0] += relative;
	object->counts[0] -= relative;
	if (object->symbols == NULL || object->strings == NULL)
		object->counts[0] = object->counts[1] = 0;
}

static void dynamic_read(struct object *object, const ElfW(Dyn) * entry)
{
	bool plt_is_rela = false;
	size_t relative = 0; /* these have no names */

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
	if (!plt_is_rela)
		object->counts[1] = 0;
	tables_check(object, relative);
}

void objects_read(struct object *object, const struct dl_phdr_info *info)
{
	*object = (struct object){.info = info, .base = info->dlpi_addr};
	segments_read(object);
	object->is_ours =
	        (uintptr_t)objects_read >= object->start && (uintptr_t)objects_read < object->end;
	for (unsigned i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			dynamic_read(object, (const ElfW(Dyn) *)(object->base +
			                                         info->dlpi_phdr[i].p_vaddr));
}

bool objects_is_named(const struct object *object, const char *words)
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

bool objects_write(struct object *object, uintptr_t slot, void *value)
{
	bool is_sealed = slot >= object->sealed_start && slot < object->sealed_end;

	if (!slot_is_writable(object, slot))
		return true;
	if (is_sealed && !seal_open(object, true))
		return false;
	__atomic_store_n((void **)slot, value, __ATOMIC_RELEASE);
	return true;
}

void objects_seal(struct object *object)
{
	seal_open(object, false);
}

bool objects_is_slot(const ElfW(Rela) * entry)
{
	unsigned type = ELF64_R_TYPE(entry->r_info);

	return (type == (unsigned)SLOT_CALL || type == (unsigned)SLOT_ADDRESS ||
	        type == (unsigned)SLOT_DATA) &&
	       ELF64_R_SYM(entry->r_info) != 0;
}

/* --- The loader ----------------------------------------------------------------------------------- */

/* The object that some code lies in. */
struct code {
	uintptr_t address;
	bool has_paths;
};

runs_seldom static int object_holds(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	struct code *code = arg;
	struct object object;

	(void)bytes;
	objects_read(&object, info);
	if (code->address < object.start || code->address >= object.end)
		return 0;
	code->has_paths = object.has_paths;
	return 1;
}

runs_seldom bool objects_has_paths(const void *code)
{
	struct code asked = {.address = (uintptr_t)code, .has_paths = true};

	dl_iterate_phdr(object_holds, &asked);
	return asked.has_paths;
}

void *objects_behind(void **known, const char *name)
{
	void *found = __atomic_load_n(known, __ATOMIC_RELAXED);

	if (found == NULL) {
		found = dlsym(RTLD_NEXT, name);
		__atomic_store_n(known, found, __ATOMIC_RELAXED);
	}
	return found;
}

runs_seldom void *objects_open(const char *file, int flags)
{
	static void *known;
	void *(*open)(const char *, int) =
	        (void *(*)(const char *, int))objects_behind(&known, "dlopen");

	return open != NULL ? open(file, flags) : NULL;
}

runs_seldom void objects_wait(void)
{
	void *program = objects_open(NULL, RTLD_LAZY | RTLD_NOLOAD);

	if (program != NULL)
		dlclose(program);
}
