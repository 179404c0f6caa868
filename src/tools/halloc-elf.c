/*
 * halloc-elf - prints what decides whether a preloaded library takes effect in a program.
 *
 * Holds:  one file, mapped whole, read only through at() and the integers built on it.
 * Always: nothing in the file is believed: every offset is checked against the file's size before a
 *         byte is read, so that a damaged file gives a line that says so.
 *
 * Reads either class and byte order, by the dynamic segment alone: sections may have been stripped.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char help[] =
        "usage: halloc-elf FILE\n"
        "\n"
        "Prints what FILE is, a fact a line, in this order:\n"
        "  setuid UID, setgid GID, capabilities   what it gains when it is started\n"
        "  script LINE                            a script, and its #! line, without the #!\n"
        "  text                                   neither a script nor ELF, but without NUL bytes\n"
        "  other                                  nothing of all this\n"
        "  class 32|64, machine NUMBER            an ELF file\n"
        "  interp PATH                            its dynamic loader; a program without it is "
        "static\n"
        "  needed NAME                            a library that it is linked with\n"
        "  sanitizer NAME                         it was built with that sanitizer\n"
        "  exports malloc                         it brings a malloc of its own\n"
        "  bad REASON                             an ELF file that is damaged: facts may be "
        "missing\n"
        "Exits 0, or 2 on misuse or when FILE cannot be read.\n";

enum {
	exit_misuse = 2,
	script_line_max = 255, /* what the kernel reads of it */
	text_probe_bytes = 128,
};

/* --- The file, and the only ways to read it --------------------------------------------------- */

static struct {
	const unsigned char *bytes;
	uint64_t size;
	bool is_64;
	bool is_big_endian;
} file;

_Noreturn static void fail(const char *what, const char *which)
{
	fprintf(stderr, "halloc-elf: %s: %s\n", which, what);
	exit(exit_misuse);
}

_Noreturn static void bad(const char *reason)
{
	printf("bad %s\n", reason);
	exit(0);
}

/* Returns: the bytes from offset on, at least count of them; NULL when the file has fewer. */
static const unsigned char *at(uint64_t offset, uint64_t count)
{
	if (offset > file.size || count > file.size - offset)
		return NULL;
	return file.bytes + offset;
}

/* Reads an integer of width bytes; a place outside the file ends the program as a bad file. */
static uint64_t integer(uint64_t offset, unsigned width)
{
	const unsigned char *bytes = at(offset, width);
	if (bytes == NULL)
		bad("it ends before its headers say");
	uint64_t value = 0;
	for (unsigned i = 0; i < width; i++)
		value = value << 8 | bytes[file.is_big_endian ? i : width - 1 - i];
	return value;
}

/* By the class of the file: the two lay their structures out differently. */
static size_t by_class(size_t in_64, size_t in_32)
{
	return file.is_64 ? in_64 : in_32;
}
#define SIZE_OF(type)        by_class(sizeof(Elf64_##type), sizeof(Elf32_##type))
#define WIDTH_OF(type, name) ((unsigned)sizeof(((const type *)NULL)->name))
#define FIELD(base, type, name)                                                                \
	integer((base) + by_class(offsetof(Elf64_##type, name), offsetof(Elf32_##type, name)), \
	        (unsigned)by_class(WIDTH_OF(Elf64_##type, name), WIDTH_OF(Elf32_##type, name)))

/* Prints "key value" with what could break the line or a terminal replaced. */
static void print_fact(const char *key, const unsigned char *value, size_t length)
{
	printf("%s ", key);
	for (size_t i = 0; i < length; i++)
		putchar(value[i] < ' ' || value[i] == 0x7f ? '?' : value[i]);
	putchar('\n');
}

/* --- Segments --------------------------------------------------------------------------------- */

struct segment {
	uint64_t type, offset, address, size;
};

struct segments {
	uint64_t table, count, stride;
};

static struct segments find_segments(void)
{
	struct segments found = {
	        .table = FIELD(0, Ehdr, e_phoff),
	        .count = FIELD(0, Ehdr, e_phnum),
	        .stride = FIELD(0, Ehdr, e_phentsize),
	};
	if (found.count != 0 && found.stride < SIZE_OF(Phdr))
		bad("its program headers are too short");
	if (at(found.table, found.count * found.stride) == NULL)
		bad("its program headers are beyond its end");
	return found;
}

static struct segment read_segment(const struct segments *segments, uint64_t index)
{
	uint64_t base = segments->table + index * segments->stride;
	return (struct segment){
	        .type = FIELD(base, Phdr, p_type),
	        .offset = FIELD(base, Phdr, p_offset),
	        .address = FIELD(base, Phdr, p_vaddr),
	        .size = FIELD(base, Phdr, p_filesz),
	};
}

static bool find_segment(const struct segments *segments, uint64_t type, struct segment *found)
{
	for (uint64_t i = 0; i < segments->count; i++) {
		*found = read_segment(segments, i);
		if (found->type == type)
			return true;
	}
	return false;
}

/* Returns: the place in the file of what is loaded at address. */
static uint64_t offset_of(const struct segments *segments, uint64_t address)
{
	for (uint64_t i = 0; i < segments->count; i++) {
		struct segment segment = read_segment(segments, i);
		if (segment.type == PT_LOAD && address >= segment.address &&
		    address - segment.address < segment.size)
			return segment.offset + (address - segment.address);
	}
	bad("its dynamic section points outside it");
}

static void print_interpreter(const struct segment *segment)
{
	const unsigned char *path = at(segment->offset, segment->size);
	if (path == NULL)
		bad("the name of its dynamic loader is beyond its end");
	print_fact("interp", path, strnlen((const char *)path, segment->size));
}

/* --- The dynamic section ---------------------------------------------------------------------- */

struct dynamic {
	uint64_t strings, strings_size, symbols, hash, gnu_hash; /* offsets in the file; 0: none */
};

/* Returns: the NUL-terminated name at index of the string table; NULL when there is none. */
static const char *name_at(const struct dynamic *dynamic, uint64_t index)
{
	if (index >= dynamic->strings_size)
		return NULL;
	uint64_t room = dynamic->strings_size - index;
	const unsigned char *name = at(dynamic->strings, dynamic->strings_size);
	if (name == NULL || memchr(name + index, '\0', room) == NULL)
		return NULL;
	return (const char *)name + index;
}

/* One entry of the dynamic section; DT_NULL behind the last. */
static void read_entry(const struct segment *segment, uint64_t index, uint64_t *tag,
                       uint64_t *value)
{
	uint64_t offset = index * SIZE_OF(Dyn);
	*tag = DT_NULL;
	if (segment->size < SIZE_OF(Dyn) || offset > segment->size - SIZE_OF(Dyn))
		return;
	*tag = FIELD(segment->offset + offset, Dyn, d_tag);
	*value = FIELD(segment->offset + offset, Dyn, d_un);
}

static struct dynamic read_dynamic(const struct segments *segments, const struct segment *segment)
{
	struct dynamic dynamic = {0};
	uint64_t tag;
	uint64_t value = 0;
	for (uint64_t i = 0; read_entry(segment, i, &tag, &value), tag != DT_NULL; i++) {
		if (tag == DT_STRSZ)
			dynamic.strings_size = value;
		else if (tag == DT_STRTAB)
			dynamic.strings = offset_of(segments, value);
		else if (tag == DT_SYMTAB)
			dynamic.symbols = offset_of(segments, value);
		else if (tag == DT_HASH)
			dynamic.hash = offset_of(segments, value);
		else if (tag == DT_GNU_HASH)
			dynamic.gnu_hash = offset_of(segments, value);
	}
	return dynamic;
}

/* --- What gives a build away ------------------------------------------------------------------ */

struct sanitizer {
	const char *name, *symbol, *library, *clang_library;
};

static const struct sanitizer sanitizers[] = {
        {"address", "__asan_init", "libasan.so", "libclang_rt.asan"},
        {"hwaddress", "__hwasan_init", "libhwasan.so", "libclang_rt.hwasan"},
        {"leak", "__lsan_init", "liblsan.so", "libclang_rt.lsan"},
        {"memory", "__msan_init", "libmsan.so", "libclang_rt.msan"},
        {"thread", "__tsan_init", "libtsan.so", "libclang_rt.tsan"},
};

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static void print_needed(const struct dynamic *dynamic, const struct segment *segment,
                         const char **sanitizer)
{
	uint64_t tag;
	uint64_t value = 0;
	for (uint64_t i = 0; read_entry(segment, i, &tag, &value), tag != DT_NULL; i++) {
		if (tag != DT_NEEDED)
			continue;
		const char *name = name_at(dynamic, value);
		if (name == NULL)
			bad("the name of a library it needs is beyond its end");
		print_fact("needed", (const unsigned char *)name, strlen(name));
		for (size_t s = 0; s < sizeof(sanitizers) / sizeof(sanitizers[0]); s++) {
			if (starts_with(name, sanitizers[s].library) ||
			    starts_with(name, sanitizers[s].clang_library))
				*sanitizer = sanitizers[s].name;
		}
	}
}

/* The GNU hash table lists the exported symbols, sorted behind all others: the count is one more
 * than the end of its last chain. A table without symbols: 0, as nothing is exported then. */
static uint64_t count_by_gnu_hash(uint64_t table)
{
	uint64_t buckets = integer(table, 4);
	uint64_t first = integer(table + 4, 4);
	uint64_t bloom_words = integer(table + 8, 4);
	uint64_t bucket_table = table + 16 + bloom_words * (file.is_64 ? 8 : 4);
	uint64_t chains = bucket_table + buckets * 4;
	uint64_t last = 0;
	for (uint64_t i = 0; i < buckets; i++) {
		uint64_t head = integer(bucket_table + i * 4, 4);
		if (head > last)
			last = head;
	}
	if (last < first)
		return 0;
	while ((integer(chains + (last - first) * 4, 4) & 1) == 0)
		last++;
	return last + 1;
}

static uint64_t count_symbols(const struct dynamic *dynamic)
{
	if (dynamic->gnu_hash != 0)
		return count_by_gnu_hash(dynamic->gnu_hash);
	if (dynamic->hash != 0)
		return integer(dynamic->hash + 4, 4);
	return 0;
}

/* Others see a symbol that is defined here, not local, and of default or protected visibility. */
static bool is_exported(uint64_t symbol)
{
	uint64_t section = FIELD(symbol, Sym, st_shndx);
	uint64_t info = FIELD(symbol, Sym, st_info);
	uint64_t visibility = ELF64_ST_VISIBILITY(FIELD(symbol, Sym, st_other));
	if (section == SHN_UNDEF || ELF64_ST_BIND(info) == STB_LOCAL)
		return false;
	return visibility == STV_DEFAULT || visibility == STV_PROTECTED;
}

static void read_symbols(const struct dynamic *dynamic, const char **sanitizer,
                         bool *exports_malloc)
{
	uint64_t count = dynamic->symbols != 0 ? count_symbols(dynamic) : 0;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t symbol = dynamic->symbols + i * SIZE_OF(Sym);
		const char *name = name_at(dynamic, FIELD(symbol, Sym, st_name));
		if (name == NULL)
			bad("the name of a symbol is beyond its end");
		if (strcmp(name, "malloc") == 0 && is_exported(symbol))
			*exports_malloc = true;
		for (size_t s = 0; s < sizeof(sanitizers) / sizeof(sanitizers[0]); s++) {
			if (strcmp(name, sanitizers[s].symbol) == 0)
				*sanitizer = sanitizers[s].name;
		}
	}
}

/* --- The facts, in order ---------------------------------------------------------------------- */

/* Notes how integers and structures are laid out. */
static void read_identity(void)
{
	const unsigned char *identity = at(0, EI_NIDENT);
	if (identity == NULL)
		bad("it ends within its ELF header");
	if (identity[EI_CLASS] != ELFCLASS32 && identity[EI_CLASS] != ELFCLASS64)
		bad("its ELF class is neither 32 nor 64 bits");
	if (identity[EI_DATA] != ELFDATA2LSB && identity[EI_DATA] != ELFDATA2MSB)
		bad("its ELF byte order is none that exists");
	file.is_64 = identity[EI_CLASS] == ELFCLASS64;
	file.is_big_endian = identity[EI_DATA] == ELFDATA2MSB;
}

static void print_dynamic(const struct segments *segments, const struct segment *segment)
{
	if (at(segment->offset, segment->size) == NULL)
		bad("its dynamic section is beyond its end");
	struct dynamic dynamic = read_dynamic(segments, segment);
	const char *sanitizer = NULL;
	bool exports_malloc = false;
	print_needed(&dynamic, segment, &sanitizer);
	read_symbols(&dynamic, &sanitizer, &exports_malloc);
	if (sanitizer != NULL)
		printf("sanitizer %s\n", sanitizer);
	if (exports_malloc)
		puts("exports malloc");
}

static void print_elf(void)
{
	read_identity();
	printf("class %d\n", file.is_64 ? 64 : 32);
	printf("machine %u\n", (unsigned)FIELD(0, Ehdr, e_machine));
	uint64_t type = FIELD(0, Ehdr, e_type);
	if (type != ET_EXEC && type != ET_DYN)
		bad("it is neither a program nor a shared library");

	struct segments segments = find_segments();
	struct segment segment;
	if (find_segment(&segments, PT_INTERP, &segment))
		print_interpreter(&segment);
	if (find_segment(&segments, PT_DYNAMIC, &segment))
		print_dynamic(&segments, &segment);
}

static void print_script(void)
{
	const unsigned char *line = file.bytes + 2;
	size_t room = file.size - 2 < script_line_max ? (size_t)file.size - 2 : script_line_max;
	while (room > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		room--;
	}
	size_t length = 0;
	while (length < room && line[length] != '\n' && line[length] != '\0')
		length++;
	print_fact("script", line, length);
}

static bool is_text(void)
{
	size_t probed = file.size < text_probe_bytes ? (size_t)file.size : text_probe_bytes;
	return probed == 0 || memchr(file.bytes, '\0', probed) == NULL;
}

static void print_privileges(const char *path, const struct stat *status)
{
	if ((status->st_mode & S_ISUID) != 0)
		printf("setuid %u\n", (unsigned)status->st_uid);
	if ((status->st_mode & S_ISGID) != 0 && (status->st_mode & S_IXGRP) != 0)
		printf("setgid %u\n", (unsigned)status->st_gid);
	if (getxattr(path, "security.capability", NULL, 0) > 0)
		puts("capabilities");
}

static void map_file(const char *path)
{
	/* Not blocking: a FIFO is told to be no regular file, not waited for. */
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	if (descriptor < 0 || fstat(descriptor, &status) != 0)
		fail(strerror(errno), path);
	if (!S_ISREG(status.st_mode))
		fail("not a regular file", path);
	print_privileges(path, &status);
	file.size = (uint64_t)status.st_size;
	if (file.size != 0) {
		void *bytes = mmap(NULL, file.size, PROT_READ, MAP_PRIVATE, descriptor, 0);
		if (bytes == MAP_FAILED)
			fail(strerror(errno), path);
		file.bytes = bytes;
	}
	close(descriptor);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(help, stdout);
		return 0;
	}
	if (argc != 2)
		fail("one file, please", "usage");
	map_file(argv[1]);
	const unsigned char *start = at(0, SELFMAG);
	if (start != NULL && memcmp(start, ELFMAG, SELFMAG) == 0)
		print_elf();
	else if (file.size >= 2 && memcmp(file.bytes, "#!", 2) == 0)
		print_script();
	else
		puts(is_text() ? "text" : "other");
	return 0;
}
