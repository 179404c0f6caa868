/*
 * functions - reads the symbols of ELF files.
 *
 * Holds:  nothing.
 * Always: nothing in a file is trusted: each offset is checked before it is followed.
 */
#include "functions.h"
#include "notes.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TABLE_BYTES_MAX ((uint64_t)1 << 30)
#define NESTED_MAX      32u /* functions that begin before an address, among which one may hold it */

/* As gdb looks for them: a folder for the first byte of the build id. */
#define DEBUG_FOLDER "/usr/lib/debug/.build-id/"

/* What tells the builds of a file apart; count 0: nothing. */
struct build_id {
	unsigned char bytes[32];
	unsigned count;
};

bool functions_open(struct source *file, const char *path)
{
	struct stat status;

	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file->fd < 0)
		return false;
	if (fstat(file->fd, &status) == 0 && S_ISREG(status.st_mode)) {
		file->file_bytes = (uint64_t)status.st_size;
		return true;
	}
	close(file->fd);
	return false;
}

void functions_free(struct functions *functions)
{
	free(functions->all);
	free(functions->names[0]);
	free(functions->names[1]);
	*functions = (struct functions){0};
}

/* --- A table of symbols --------------------------------------------------------------------------- */

/* A part of a file, and a zero behind it. Returns: NULL when the file has no such part. */
static void *part_read(const struct source *file, uint64_t offset, uint64_t bytes)
{
	if (bytes > TABLE_BYTES_MAX || bytes > file->file_bytes)
		return NULL;
	char *part = tool_new(bytes + 1, 1);
	if (source_read_file(file, offset, part, bytes))
		return part;
	free(part);
	return NULL;
}

/* Of several names of a function, that which is meant for others, then that which is least of an inner one. */
static unsigned rank_of(const Elf64_Sym *symbol, const char *name)
{
	unsigned binding = ELF64_ST_BIND(symbol->st_info);
	unsigned rank = binding == STB_GLOBAL ? 0 : binding == STB_WEAK ? 4 : 8;
	size_t inner = strspn(name, "_");

	return rank + (inner < 3 ? (unsigned)inner : 3);
}

static bool is_function(const Elf64_Sym *symbol, uint64_t names_bytes)
{
	unsigned type = ELF64_ST_TYPE(symbol->st_info);

	return (type == STT_FUNC || type == STT_GNU_IFUNC) && symbol->st_shndx != SHN_UNDEF &&
	       symbol->st_size != 0 && symbol->st_name < names_bytes;
}

/* Adds the functions of a table whose names are those. */
static void functions_add(struct functions *functions, const Elf64_Sym *symbols, size_t count,
                          const char *names, uint64_t names_bytes)
{
	struct function *all =
	        tool_resize(functions->all, functions->count + count, sizeof *functions->all);

	functions->all = all;
	for (size_t i = 0; i < count; i++) {
		if (!is_function(&symbols[i], names_bytes) || names[symbols[i].st_name] == '\0')
			continue;
		const char *name = names + symbols[i].st_name;
		all[functions->count++] = (struct function){
		        .start = symbols[i].st_value,
		        .bytes = symbols[i].st_size,
		        .name = name,
		        .rank = rank_of(&symbols[i], name),
		};
	}
}

/* Makes names fit to print, and ends each where its version begins. */
static void names_clean(char *names, uint64_t bytes)
{
	for (char *name = names; name < names + bytes; name += strlen(name) + 1) {
		char *version = name[0] == '\0' ? NULL : strchr(name + 1, '@');
		tool_clean(name);
		if (version != NULL)
			memset(version, 0, strlen(version));
	}
}

/* Reads a table of symbols, the number-th of the file, with its names. */
static void table_read(struct functions *functions, const struct source *file,
                       const Elf64_Shdr *table, const Elf64_Shdr *strings, unsigned number)
{
	if (table->sh_entsize != sizeof(Elf64_Sym))
		return;
	Elf64_Sym *symbols = part_read(file, table->sh_offset, table->sh_size);
	char *names = part_read(file, strings->sh_offset, strings->sh_size);
	if (symbols != NULL && names != NULL) {
		names_clean(names, strings->sh_size);
		functions_add(functions, symbols, (size_t)(table->sh_size / sizeof *symbols), names,
		              strings->sh_size);
		functions->names[number] = names;
		names = NULL;
	}
	free(symbols);
	free(names);
}

/* --- A file --------------------------------------------------------------------------------------- */

/* Finds the build id among notes. */
static void notes_search(struct notes notes, struct build_id *id)
{
	struct note note;

	while (notes_next(&notes, &note))
		if (note.type == NT_GNU_BUILD_ID && note.bytes <= sizeof id->bytes &&
		    note.name_bytes == sizeof ELF_NOTE_GNU &&
		    memcmp(note.name, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) == 0) {
			id->count = (unsigned)note.bytes;
			memcpy(id->bytes, note.body, note.bytes);
		}
}

/* What a file has: its sections, and what is found in them. */
struct sections {
	Elf64_Shdr *all;
	unsigned count;
	struct build_id id;
	const Elf64_Shdr *tables
	        [2]; /* of symbols: for the loader, and for people, where it was not stripped */
};

static void sections_read(struct sections *sections, const struct source *file)
{
	Elf64_Ehdr ehdr;

	*sections = (struct sections){0};
	if (!source_read_file(file, 0, &ehdr, sizeof ehdr) ||
	    memcmp(ehdr.e_ident, ELFMAG, SELFMAG) != 0 || ehdr.e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr.e_shentsize != sizeof(Elf64_Shdr))
		return;
	sections->all = part_read(file, ehdr.e_shoff, ehdr.e_shnum * sizeof(Elf64_Shdr));
	sections->count = sections->all == NULL ? 0 : ehdr.e_shnum;
	for (unsigned i = 0; i < sections->count; i++) {
		const Elf64_Shdr *one = &sections->all[i];
		if (one->sh_type == SHT_NOTE) {
			char *notes = part_read(file, one->sh_offset, one->sh_size);
			if (notes != NULL)
				notes_search((struct notes){notes, (size_t)one->sh_size},
				             &sections->id);
			free(notes);
		} else if (one->sh_link < sections->count && one->sh_type == SHT_DYNSYM) {
			sections->tables[0] = one;
		} else if (one->sh_link < sections->count && one->sh_type == SHT_SYMTAB) {
			sections->tables[1] = one;
		}
	}
}

static void sections_table(struct functions *functions, const struct source *file,
                           const struct sections *sections, unsigned number)
{
	const Elf64_Shdr *table = sections->tables[number];

	if (table != NULL)
		table_read(functions, file, table, &sections->all[table->sh_link], number);
}

/* Reads the table for people that was put apart, of the very same build. */
static void debug_read(struct functions *functions, const struct build_id *id)
{
	char path[sizeof DEBUG_FOLDER + 2 * sizeof id->bytes + sizeof "/.debug"];
	struct source file = {.fd = -1};
	struct sections sections;
	size_t length = 0;

	for (unsigned i = 0; i < id->count; i++)
		length += (size_t)snprintf(path + length, sizeof path - length, "%s%02x%s",
		                           i == 0 ? DEBUG_FOLDER : "", id->bytes[i],
		                           i == 0 ? "/" : "");
	if (id->count == 0)
		return;
	strcpy(path + length, ".debug");
	if (!functions_open(&file, path))
		return;
	sections_read(&sections, &file);
	if (sections.id.count == id->count && memcmp(sections.id.bytes, id->bytes, id->count) == 0)
		sections_table(functions, &file, &sections, 1);
	free(sections.all);
	close(file.fd);
}

static int function_compare(const void *a, const void *b)
{
	const struct function *left = a;
	const struct function *right = b;

	if (left->start != right->start)
		return left->start < right->start ? -1 : 1;
	if (left->rank != right->rank)
		return left->rank < right->rank ? -1 : 1;
	return strcmp(left->name, right->name);
}

void functions_read(struct functions *functions, const struct source *file)
{
	struct sections sections;

	sections_read(&sections, file);
	sections_table(functions, file, &sections, 0);
	sections_table(functions, file, &sections, 1);
	if (sections.tables[1] == NULL)
		debug_read(functions, &sections.id);
	free(sections.all);
	if (functions->count != 0)
		qsort(functions->all, functions->count, sizeof *functions->all, function_compare);
}

const char *functions_find(const struct functions *functions, uint64_t address)
{
	size_t before =
	        tool_count_up_to(address, functions->all, functions->count, sizeof *functions->all);
	const struct function *found = NULL;

	for (unsigned i = 0; i < NESTED_MAX && before-- > 0; i++) {
		const struct function *function = &functions->all[before];
		if (found != NULL && function->start != found->start)
			break;
		if (address - function->start < function->bytes)
			found = function; /* of those that begin there, the first */
	}
	return found == NULL ? NULL : found->name;
}
