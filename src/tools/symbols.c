/*
 * symbols - the files that code comes from, and the functions in them.
 *
 * Holds:  for each file that was asked about, its segments and its functions.
 * Always: a file that is not the one that is mapped, by its headers and its notes, the build id among them, gives no
 *         name; nothing in it is trusted: each offset is checked before it is followed.
 */
#include "symbols.h"
#include "functions.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PHDRS_MAX      64u
#define NOTE_BYTES_MAX ((uint64_t)64 << 10)
#define DELETED        " (deleted)"

struct object {
	const char *key; /* its path, as the source has it */
	char *path;      /* fit to print, as the name is */
	char *name;
	unsigned phdr_count; /* 0: its headers cannot be read in memory */
	Elf64_Phdr phdrs[PHDRS_MAX];
	struct functions functions;
};

struct symbols {
	struct source *source;
	struct object **objects;
	size_t object_count;
};

struct symbols *symbols_open(struct source *source)
{
	struct symbols *symbols = tool_new(1, sizeof *symbols);

	symbols->source = source;
	return symbols;
}

void symbols_close(struct symbols *symbols)
{
	for (size_t i = 0; i < symbols->object_count; i++) {
		struct object *object = symbols->objects[i];
		free(object->path);
		free(object->name);
		functions_free(&object->functions);
		free(object);
	}
	free(symbols->objects);
	free(symbols);
}

/* --- The file, and whether it is the one that is mapped ------------------------------------------- */

/* What a process has mapped, whatever has become of its name, where the system lets us; or by the name, as the process
 * sees it. */
static bool mapped_open(const struct source *source, const struct region *region,
                        struct source *file)
{
	char path[4096];

	if (source->core)
		return functions_open(file, region->path);
	snprintf(path, sizeof path, "/proc/%d/map_files/%llx-%llx", (int)source->pid,
	         (unsigned long long)region->start, (unsigned long long)region->end);
	if (functions_open(file, path))
		return true;
	int length = snprintf(path, sizeof path, "/proc/%d/root%s", (int)source->pid, region->path);
	return length > 0 && (size_t)length < sizeof path && functions_open(file, path);
}

static bool ehdr_is_good(const Elf64_Ehdr *ehdr)
{
	return memcmp(ehdr->e_ident, ELFMAG, SELFMAG) == 0 &&
	       ehdr->e_ident[EI_CLASS] == ELFCLASS64 && ehdr->e_phnum != 0 &&
	       ehdr->e_phnum <= PHDRS_MAX && ehdr->e_phentsize == sizeof(Elf64_Phdr);
}

/* Reads the headers as they are mapped from start on. */
static bool headers_read(struct source *source, uint64_t start, Elf64_Ehdr *ehdr,
                         struct object *object)
{
	if (!source_read(source, start, ehdr, sizeof *ehdr) || !ehdr_is_good(ehdr) ||
	    ehdr->e_phoff > SOURCE_ADDRESS_MAX ||
	    !source_read(source, start + ehdr->e_phoff, object->phdrs,
	                 ehdr->e_phnum * sizeof(Elf64_Phdr)))
		return false;
	object->phdr_count = ehdr->e_phnum;
	return true;
}

/* The segment that holds an offset in the file; NULL where it is not loaded. */
static const Elf64_Phdr *segment_of(const struct object *object, uint64_t offset)
{
	for (unsigned i = 0; i < object->phdr_count; i++) {
		const Elf64_Phdr *phdr = &object->phdrs[i];
		if (phdr->p_type == PT_LOAD && offset >= phdr->p_offset &&
		    offset - phdr->p_offset < phdr->p_filesz)
			return phdr;
	}
	return NULL;
}

/* Whether a note is the same in the file and in memory; the notes are never written to. */
static bool note_is_same(struct source *source, uint64_t bias, const Elf64_Phdr *phdr,
                         const struct source *file)
{
	if (phdr->p_filesz == 0 || phdr->p_filesz > NOTE_BYTES_MAX)
		return phdr->p_filesz == 0;
	char *mapped = tool_new(2, phdr->p_filesz);
	char *stored = mapped + phdr->p_filesz;
	bool same = source_read(source, bias + phdr->p_vaddr, mapped, phdr->p_filesz) &&
	            source_read_file(file, phdr->p_offset, stored, phdr->p_filesz) &&
	            memcmp(mapped, stored, phdr->p_filesz) == 0;
	free(mapped);
	return same;
}

/* Whether a file is what is mapped from start on: by all its headers, and its notes. */
static bool file_is_mapped(struct source *source, uint64_t start, const Elf64_Ehdr *ehdr,
                           const struct object *object, const struct source *file)
{
	Elf64_Ehdr stored;
	Elf64_Phdr phdrs[PHDRS_MAX];
	size_t bytes = object->phdr_count * sizeof *phdrs;
	const Elf64_Phdr *first = segment_of(object, 0);

	if (first == NULL || !source_read_file(file, 0, &stored, sizeof stored) ||
	    memcmp(&stored, ehdr, sizeof stored) != 0 ||
	    !source_read_file(file, ehdr->e_phoff, phdrs, bytes) ||
	    memcmp(phdrs, object->phdrs, bytes) != 0)
		return false;
	uint64_t bias = start - first->p_vaddr;
	for (unsigned i = 0; i < object->phdr_count; i++)
		if (phdrs[i].p_type == PT_NOTE && !note_is_same(source, bias, &phdrs[i], file))
			return false;
	return true;
}

/* --- Places --------------------------------------------------------------------------------------- */

static const struct region *region_find(const struct source *source, uint64_t address)
{
	for (size_t i = 0; i < source->region_count; i++)
		if (address >= source->regions[i].start && address < source->regions[i].end)
			return &source->regions[i];
	return NULL;
}

/* Where the file of a region is mapped from its start on, last before it. Returns: NULL when it is not. */
static const struct region *first_find(const struct source *source, const struct region *region)
{
	const struct region *first = NULL;

	for (size_t i = 0; i < source->region_count; i++) {
		const struct region *one = &source->regions[i];
		if (one->offset == 0 && one->start <= region->start &&
		    strcmp(one->path, region->path) == 0 &&
		    (first == NULL || one->start > first->start))
			first = one;
	}
	return first;
}

/* A path, or its end, without what the system adds to it once it leads elsewhere. */
static char *printable(const char *path)
{
	size_t length = strlen(path);
	size_t deleted = strlen(DELETED);

	if (length > deleted && strcmp(path + length - deleted, DELETED) == 0)
		length -= deleted;
	char *copy = memcpy(tool_new(length + 1, 1), path, length);
	tool_clean(copy);
	return copy;
}

static void object_read(struct source *source, struct object *object, const struct region *region)
{
	const struct region *first = first_find(source, region);
	struct source file = {.fd = -1};
	Elf64_Ehdr ehdr;

	if (first == NULL || !headers_read(source, first->start, &ehdr, object) ||
	    !mapped_open(source, first, &file))
		return;
	/* Its headers are those in memory, and sane. */
	if (file_is_mapped(source, first->start, &ehdr, object, &file))
		functions_read(&object->functions, &file);
	close(file.fd);
}

static const struct object *object_of(struct symbols *symbols, const struct region *region)
{
	size_t count = symbols->object_count;

	for (size_t i = 0; i < count; i++)
		if (strcmp(symbols->objects[i]->key, region->path) == 0)
			return symbols->objects[i];
	struct object *object = tool_new(1, sizeof *object);
	const char *slash = strrchr(region->path, '/');
	object->key = region->path;
	object->path = printable(region->path);
	object->name = printable(slash == NULL ? region->path : slash + 1);
	object_read(symbols->source, object, region);
	symbols->objects = tool_resize(symbols->objects, count + 1, sizeof(struct object *));
	symbols->objects[symbols->object_count++] = object;
	return object;
}

struct symbols_place symbols_find(struct symbols *symbols, uint64_t address)
{
	const struct region *region = region_find(symbols->source, address);

	if (region == NULL)
		return (struct symbols_place){.offset = address};
	const struct object *object = object_of(symbols, region);
	struct symbols_place place = {
	        .path = object->path,
	        .name = object->name,
	        .offset = address - region->start + region->offset,
	};
	const Elf64_Phdr *segment = segment_of(object, place.offset);
	if (segment != NULL) {
		place.offset += segment->p_vaddr - segment->p_offset;
		place.function = functions_find(&object->functions, place.offset);
	}
	return place;
}
