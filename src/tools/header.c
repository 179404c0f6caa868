/*
 * header - Page B's header, in a source.
 *
 * Always: nothing that is read is trusted: each loop has a bound, each size is checked.
 *
 * The header is the symbol halloc_page_b. It is looked up in the image that is mapped, not in a file:
 * the file may be gone, replaced, or in another container. A core need not hold that image, but holds
 * every page that was written to, the header's among them: there its magic is searched for.
 */
#include "header.h"
#include "guards.h"
#include "heap.h"
#include "pagemap.h"
#include "sizeclass.h"
#include "slab.h"
#include "tcache.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#define SYMBOL         "halloc_page_b"
#define PHDRS_MAX      64u
#define DYNAMIC_MAX    256u
#define HASH_STEPS_MAX 100000u
#define SCAN_BYTES     ((size_t)64 << 10)
#define CLASSES_MAX    256u

/* --- The symbol, in the mapped image ------------------------------------------------------------ */

struct image {
	uint64_t bias; /* what to add to the addresses of the file */
	uint64_t symbols;
	uint64_t names;
	uint64_t hash;
};

static bool image_dynamic(struct source *source, struct image *image, uint64_t address,
                          uint64_t bytes)
{
	Elf64_Dyn entries[DYNAMIC_MAX];
	size_t count = (size_t)(bytes / sizeof *entries);

	if (count > DYNAMIC_MAX)
		count = DYNAMIC_MAX;
	if (!source_read(source, address, entries, count * sizeof *entries))
		return false;
	for (size_t i = 0; i < count && entries[i].d_tag != DT_NULL; i++) {
		uint64_t value = entries[i].d_un.d_ptr;
		/* glibc's loader has made addresses of these; others leave them as in the file. */
		if (value < image->bias)
			value += image->bias;
		if (entries[i].d_tag == DT_SYMTAB)
			image->symbols = value;
		else if (entries[i].d_tag == DT_STRTAB)
			image->names = value;
		else if (entries[i].d_tag == DT_GNU_HASH)
			image->hash = value;
	}
	return image->symbols != 0 && image->names != 0 && image->hash != 0;
}

static bool image_open(struct source *source, struct image *image, uint64_t start)
{
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdrs[PHDRS_MAX];
	bool found = false;

	*image = (struct image){.bias = start};
	if (!source_read(source, start, &ehdr, sizeof ehdr) ||
	    memcmp(ehdr.e_ident, ELFMAG, SELFMAG) != 0 || ehdr.e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr.e_phnum > PHDRS_MAX || ehdr.e_phentsize != sizeof *phdrs)
		return false;
	if (!source_read(source, start + ehdr.e_phoff, phdrs, ehdr.e_phnum * sizeof *phdrs))
		return false;
	for (unsigned i = 0; i < ehdr.e_phnum && !found; i++) {
		if (phdrs[i].p_type != PT_LOAD)
			continue;
		image->bias = start - (phdrs[i].p_vaddr - phdrs[i].p_offset);
		found = true;
	}
	for (unsigned i = 0; i < ehdr.e_phnum && found; i++)
		if (phdrs[i].p_type == PT_DYNAMIC)
			return image_dynamic(source, image, image->bias + phdrs[i].p_vaddr,
			                     phdrs[i].p_memsz);
	return false;
}

static uint32_t gnu_hash(const char *name)
{
	uint32_t hash = 5381;

	for (; *name != '\0'; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash;
}

static bool symbol_is(struct source *source, const struct image *image, uint32_t index,
                      uint64_t *address)
{
	Elf64_Sym symbol;
	char name[sizeof SYMBOL];

	if (!source_read(source, image->symbols + index * sizeof symbol, &symbol, sizeof symbol) ||
	    !source_read(source, image->names + symbol.st_name, name, sizeof name) ||
	    memcmp(name, SYMBOL, sizeof name) != 0 || symbol.st_shndx == SHN_UNDEF)
		return false;
	*address = image->bias + symbol.st_value;
	return true;
}

/* The address of the symbol in the image that starts at start; 0 when it has none. */
static uint64_t symbol_find(struct source *source, uint64_t start)
{
	struct image image;
	uint32_t head[4]; /* buckets, first symbol, words of the filter, its shift */
	uint32_t wanted = gnu_hash(SYMBOL);
	uint32_t index;
	uint64_t address;

	if (!image_open(source, &image, start) ||
	    !source_read(source, image.hash, head, sizeof head) || head[0] == 0)
		return 0;
	uint64_t buckets = image.hash + sizeof head + head[2] * sizeof(uint64_t);
	uint64_t chain = buckets + head[0] * sizeof(uint32_t);
	if (!source_read(source, buckets + wanted % head[0] * sizeof index, &index, sizeof index) ||
	    index < head[1])
		return 0;
	for (unsigned step = 0; step < HASH_STEPS_MAX; step++, index++) {
		uint32_t hash;
		if (!source_read(source, chain + (index - head[1]) * sizeof hash, &hash,
		                 sizeof hash))
			return 0;
		if ((hash | 1) == (wanted | 1) && symbol_is(source, &image, index, &address))
			return address;
		if ((hash & 1) != 0)
			return 0;
	}
	return 0;
}

/* --- The header --------------------------------------------------------------------------------- */

/* Whether a header starts there, of whatever version. */
static bool header_is_at(struct source *source, uint64_t address, struct page_b_header *header)
{
	*header = (struct page_b_header){0};
	return address != 0 &&
	       source_read(source, address, header, offsetof(struct page_b_header, heap_bytes)) &&
	       memcmp(header->magic, PAGE_B_MAGIC, sizeof header->magic) == 0;
}

/* Searches a range for the magic, at the alignment of a header. Returns: its address, or 0. */
static uint64_t magic_scan(struct source *source, uint64_t start, uint64_t end)
{
	char chunk[SCAN_BYTES];
	size_t step = _Alignof(struct page_b_header);
	struct page_b_header header;

	for (start = (start + step - 1) / step * step; start < end; start += sizeof chunk) {
		size_t bytes = end - start < sizeof chunk ? (size_t)(end - start) : sizeof chunk;
		if (!source_read(source, start, chunk, bytes))
			return 0;
		for (size_t at = 0; at + sizeof header.magic <= bytes; at += step)
			if (memcmp(chunk + at, PAGE_B_MAGIC, sizeof header.magic) == 0 &&
			    header_is_at(source, start + at, &header) &&
			    header.header_bytes >= offsetof(struct page_b_header, heap) &&
			    header.header_bytes <= SCAN_BYTES)
				return start + at;
	}
	return 0;
}

/* By the symbol, in the images whose name is the library's, or in all others: it may be renamed. */
static uint64_t find_by_symbol(struct source *source, bool by_name)
{
	struct page_b_header header;

	for (size_t i = 0; i < source->region_count; i++) {
		const struct region *region = &source->regions[i];
		if (region->offset != 0 || region->is_library != by_name)
			continue;
		uint64_t address = symbol_find(source, region->start);
		if (header_is_at(source, address, &header))
			return address;
	}
	return 0;
}

/* By the magic, in the mappings of the library, or in everything that a core holds. */
static uint64_t find_by_magic(struct source *source)
{
	uint64_t address = 0;

	for (size_t i = 0; i < source->region_count && address == 0; i++)
		if (source->regions[i].is_library)
			address = magic_scan(source, source->regions[i].start,
			                     source->regions[i].end);
	for (size_t i = 0; i < source->segment_count && address == 0; i++)
		address = magic_scan(source, source->segments[i].start,
		                     source->segments[i].start + source->segments[i].bytes);
	return address;
}

/* The sizes that a library with exactly our headers writes. */
static bool layout_is_ours(const struct page_b_header *header)
{
	return header->header_bytes == sizeof(struct page_b_header) &&
	       header->heap_bytes == sizeof(struct heap) &&
	       header->cell_bytes == sizeof(struct heap_cell) &&
	       header->page_bytes == sizeof(struct heap_page) &&
	       header->entry_bytes == sizeof(struct pagemap_entry) &&
	       header->slab_bytes == sizeof(struct slab) &&
	       header->arena_bytes == sizeof(struct arena) &&
	       header->tcache_bytes == sizeof(struct tcache) &&
	       (header->guarded_bytes == 0 || header->guarded_bytes == sizeof(struct guarded)) &&
	       header->class_count != 0 && header->class_count <= CLASSES_MAX;
}

/* What to call the source in a message. */
static const char *source_words(const struct source *source, char words[64])
{
	if (source->core)
		return "the core";
	snprintf(words, 64, "process %d", (int)source->pid);
	return words;
}

static bool header_check(struct source *source, const struct page_b_header *header,
                         struct tool_error *error)
{
	char words[64];
	const char *what = source_words(source, words);

	if (header->version != PAGE_B_VERSION)
		return tool_fail(error,
		                 "%s runs another version of halloc: its Page B has version %u, "
		                 "this tool knows version %u",
		                 what, header->version, PAGE_B_VERSION);
	if (header->ready != 1)
		return tool_fail(error, "%s has loaded halloc, but no heap stands in it", what);
	if (!layout_is_ours(header))
		return tool_fail(error,
		                 "%s runs another version of halloc: its Page B is laid out "
		                 "otherwise than this tool knows it",
		                 what);
	return true;
}

/* Returns: 0 when there is none. */
static uint64_t header_search(struct source *source)
{
	uint64_t address = find_by_symbol(source, true);

	if (address == 0)
		address = find_by_symbol(source, false);
	return address != 0 ? address : find_by_magic(source);
}

/* Says what is wrong with a source, unless it has gone meanwhile. Returns: 0. */
static uint64_t fail(struct source *source, const char *what, struct tool_error *error)
{
	char words[64];

	if (!source_is_gone(source, error))
		tool_fail(error, "%s%s", source_words(source, words), what);
	return 0;
}

uint64_t header_find(struct source *source, struct page_b_header *header, struct tool_error *error)
{
	uint64_t address = header_search(source);

	if (address == 0 && source->cut) {
		tool_fail(error, "a damaged core: it is cut short, and Page B is not in it");
		return 0;
	}
	if (address == 0)
		return fail(source, " does not run under halloc", error);
	if (!header_is_at(source, address, header))
		return fail(source, " has ended", error);
	if (header->version == PAGE_B_VERSION &&
	    !source_read(source, address, header, sizeof *header))
		return fail(source, ": Page B's header cannot be read", error);
	return header_check(source, header, error) ? address : 0;
}
