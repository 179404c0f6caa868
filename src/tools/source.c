/*
 * source - the memory of a process or of a core file, and Page B's header in it.
 *
 * Holds:  for a process, /proc/PID/mem, which stays with its memory even when the number is given to
 *         another process; for a core, its loaded segments in address order.
 * Always: nothing that is read is trusted: each offset is checked before it is followed.
 *
 * The header is the symbol halloc_page_b. It is looked up in the image that is mapped, not in a file:
 * the file may be gone, replaced, or in another container. A core need not hold that image, but holds
 * every page that was written to, the header's among them: there its magic is searched for.
 */
#include "source.h"
#include "heap.h"
#include "pagemap.h"
#include "sizeclass.h"
#include "slab.h"
#include "tcache.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define SYMBOL         "halloc_page_b"
#define LIBRARY        "libhalloc"
#define SEGMENTS_MAX   (1u << 20)
#define NOTE_BYTES_MAX ((uint64_t)64 << 20)
#define PHDRS_MAX      64u
#define DYNAMIC_MAX    256u
#define HASH_STEPS_MAX 100000u
#define SCAN_BYTES     ((size_t)64 << 10)
#define BSS_BYTES_MAX  ((uint64_t)1 << 20)
#define CLASSES_MAX    256u
#define ADDRESS_MAX    ((uint64_t)1 << 62)

/* The first pause, and how often it doubles. */
#define PAUSE_NS      100000L
#define PAUSE_DOUBLES 5u

/* A mapped file, from /proc/PID/maps or a core's NT_FILE. */
struct region {
	uint64_t start;
	uint64_t end;
	uint64_t offset; /* in the file */
	bool is_library; /* by its name */
};

/* A stretch of memory in a core file. */
struct segment {
	uint64_t start;
	uint64_t bytes; /* that the file holds */
	uint64_t offset;
};

struct source {
	int fd; /* /proc/PID/mem, or the core */
	bool core;
	pid_t pid;
	char command[64];
	struct region *regions;
	size_t region_count;
	struct segment *segments;
	size_t segment_count;
	uint64_t file_bytes;
	bool cut; /* the file ends before its segments do */
};

bool source_is_core(const struct source *source)
{
	return source->core;
}

bool source_is_cut(const struct source *source)
{
	return source->cut;
}

pid_t source_pid(const struct source *source)
{
	return source->pid;
}

const char *source_command(const struct source *source)
{
	return source->command;
}

static void region_add(struct source *source, const struct region *region)
{
	size_t count = source->region_count;

	if ((count & (count - 1)) == 0)
		source->regions =
		        tool_resize(source->regions, count == 0 ? 1 : count * 2, sizeof *region);
	source->regions[source->region_count++] = *region;
}

static bool names_library(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strstr(slash == NULL ? path : slash + 1, LIBRARY) != NULL;
}

void source_pause(unsigned round)
{
	struct timespec pause = {.tv_nsec = PAUSE_NS
	                                    << (round < PAUSE_DOUBLES ? round : PAUSE_DOUBLES)};

	nanosleep(&pause, NULL);
}

/* --- Processes ---------------------------------------------------------------------------------- */

static FILE *proc_open(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	return fopen(path, "re");
}

/* A line of maps that is of a file. Returns: false for any other. */
static bool maps_parse(const char *line, struct region *region)
{
	unsigned long long start;
	unsigned long long end;
	unsigned long long offset;
	int path = 0;

	if (sscanf(line, "%llx-%llx %*4s %llx %*s %*s %n", &start, &end, &offset, &path) < 3 ||
	    path == 0 || line[path] != '/')
		return false;
	*region = (struct region){start, end, offset, names_library(line + path)};
	return true;
}

bool source_maps_halloc(pid_t pid)
{
	FILE *maps = proc_open(pid, "maps");
	struct region region;
	char *line = NULL;
	size_t room = 0;
	bool found = false;

	if (maps == NULL)
		return false;
	while (!found && getline(&line, &room, maps) > 0)
		found = maps_parse(line, &region) && region.is_library;
	free(line);
	fclose(maps);
	return found;
}

static bool maps_read(struct source *source, struct tool_error *error)
{
	FILE *maps = proc_open(source->pid, "maps");
	struct region region;
	char *line = NULL;
	size_t room = 0;

	if (maps == NULL)
		return tool_fail(error, "process %d has ended", (int)source->pid);
	while (getline(&line, &room, maps) > 0)
		if (maps_parse(line, &region))
			region_add(source, &region);
	free(line);
	fclose(maps);
	return true;
}

static void command_read(struct source *source)
{
	FILE *comm = proc_open(source->pid, "comm");

	if (comm == NULL || fgets(source->command, sizeof source->command, comm) == NULL)
		strcpy(source->command, "?");
	source->command[strcspn(source->command, "\n")] = '\0';
	tool_clean(source->command);
	if (comm != NULL)
		fclose(comm);
}

/* Why /proc/PID/mem could not be opened, in words. */
static bool open_failed(pid_t pid, int reason, struct tool_error *error)
{
	char path[64];
	struct stat status;
	FILE *yama;
	int scope = 0;

	snprintf(path, sizeof path, "/proc/%d", (int)pid);
	if (stat(path, &status) != 0)
		return tool_fail(error, "there is no process %d", (int)pid);
	if (reason == ESRCH || reason == ENOENT)
		return tool_fail(error, "process %d has ended", (int)pid);
	if (reason != EACCES && reason != EPERM)
		return tool_fail(error, "cannot read process %d: %s", (int)pid, strerror(reason));
	yama = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	if (yama != NULL) {
		if (fscanf(yama, "%d", &scope) != 1)
			scope = 0;
		fclose(yama);
	}
	if (scope != 0 && status.st_uid == geteuid())
		return tool_fail(error,
		                 "no permission to read process %d: kernel.yama.ptrace_scope is %d "
		                 "here, so only root may",
		                 (int)pid, scope);
	return tool_fail(error, "no permission to read process %d: be its user, or root", (int)pid);
}

struct source *source_of_process(pid_t pid, enum source_access access, struct tool_error *error)
{
	struct source *source = tool_new(1, sizeof *source);
	char path[64];

	source->pid = pid;
	snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
	source->fd = open(path, (access == SOURCE_WRITE ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (source->fd < 0)
		open_failed(pid, errno, error);
	if (source->fd < 0 || !maps_read(source, error)) {
		source_close(source);
		return NULL;
	}
	command_read(source);
	return source;
}

bool source_has_ended(struct source *source)
{
	FILE *stat;
	char state = 'X';

	if (source->core)
		return false;
	stat = proc_open(source->pid, "stat");
	if (stat == NULL)
		return true;
	/* The command, in parentheses, may hold anything but a parenthesis and a space at its end. */
	char line[512];
	if (fgets(line, sizeof line, stat) != NULL) {
		char *close = strrchr(line, ')');
		if (close != NULL && close[1] == ' ')
			state = close[2];
	}
	fclose(stat);
	return state == 'X' || state == 'Z';
}

/* --- Core files --------------------------------------------------------------------------------- */

static bool file_read(const struct source *source, uint64_t offset, void *buffer, size_t bytes)
{
	char *to = buffer;

	if (offset > source->file_bytes || bytes > source->file_bytes - offset)
		return false;
	while (bytes > 0) {
		ssize_t got = pread(source->fd, to, bytes, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		to += got;
		offset += (uint64_t)got;
		bytes -= (size_t)got;
	}
	return true;
}

/* NT_FILE: count, page size, count of (start, end, offset in pages), then as many names. */
static void note_files(struct source *source, const char *note, size_t bytes)
{
	uint64_t head[2];
	uint64_t range[3];

	if (bytes < sizeof head)
		return;
	memcpy(head, note, sizeof head);
	if (head[0] > (bytes - sizeof head) / sizeof range)
		return;
	const char *ranges = note + sizeof head;
	const char *name = ranges + head[0] * sizeof range;
	const char *end = note + bytes;
	for (uint64_t i = 0; i < head[0] && name < end; i++) {
		size_t length = strnlen(name, (size_t)(end - name));
		if (name + length == end)
			return;
		memcpy(range, ranges + i * sizeof range, sizeof range);
		struct region region = {range[0], range[1], range[2] * head[1],
		                        names_library(name)};
		if (region.start < region.end)
			region_add(source, &region);
		name += length + 1;
	}
}

static void note_process(struct source *source, const char *note, size_t bytes)
{
	struct elf_prpsinfo info;

	if (bytes < sizeof info)
		return;
	memcpy(&info, note, sizeof info);
	source->pid = info.pr_pid;
	snprintf(source->command, sizeof source->command, "%.*s", (int)sizeof info.pr_fname,
	         info.pr_fname);
	tool_clean(source->command);
}

static void notes_parse(struct source *source, const char *notes, size_t bytes)
{
	Elf64_Nhdr head;

	for (size_t at = 0; bytes - at >= sizeof head;) {
		memcpy(&head, notes + at, sizeof head);
		at += sizeof head;
		size_t name = ((size_t)head.n_namesz + 3) & ~(size_t)3;
		size_t body = ((size_t)head.n_descsz + 3) & ~(size_t)3;
		if (name > bytes - at || head.n_descsz > bytes - at - name)
			return;
		at += name;
		if (head.n_type == NT_FILE)
			note_files(source, notes + at, head.n_descsz);
		else if (head.n_type == NT_PRPSINFO)
			note_process(source, notes + at, head.n_descsz);
		if (body > bytes - at)
			return;
		at += body;
	}
}

static void notes_read(struct source *source, const Elf64_Phdr *phdr)
{
	if (phdr->p_filesz > NOTE_BYTES_MAX || phdr->p_filesz > source->file_bytes)
		return;
	char *notes = tool_new(phdr->p_filesz, 1);
	if (file_read(source, phdr->p_offset, notes, phdr->p_filesz))
		notes_parse(source, notes, phdr->p_filesz);
	free(notes);
}

/* Adds a segment, cut to what the file holds. Returns: false when that is not all of it. */
static bool segment_add(struct source *source, const Elf64_Phdr *phdr)
{
	uint64_t room = source->file_bytes;
	uint64_t bytes = phdr->p_filesz < phdr->p_memsz ? phdr->p_filesz : phdr->p_memsz;

	if (bytes == 0 || phdr->p_vaddr > ADDRESS_MAX || bytes > ADDRESS_MAX)
		return true;
	room = phdr->p_offset < room ? room - phdr->p_offset : 0;
	source->segments[source->segment_count++] = (struct segment){
	        .start = phdr->p_vaddr,
	        .bytes = bytes < room ? bytes : room,
	        .offset = phdr->p_offset,
	};
	return bytes <= room;
}

static int segment_compare(const void *a, const void *b)
{
	const struct segment *left = a;
	const struct segment *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

/* More segments than e_phnum can say are counted in the first section header. */
static uint64_t phdr_count(const struct source *source, const Elf64_Ehdr *ehdr)
{
	Elf64_Shdr first;

	if (ehdr->e_phnum != PN_XNUM)
		return ehdr->e_phnum;
	return file_read(source, ehdr->e_shoff, &first, sizeof first) ? first.sh_info : 0;
}

#if defined __x86_64__
#define MACHINE EM_X86_64
#elif defined __aarch64__
#define MACHINE EM_AARCH64
#elif defined __riscv
#define MACHINE EM_RISCV
#elif defined __powerpc64__
#define MACHINE EM_PPC64
#elif defined __s390x__
#define MACHINE EM_S390
#else
#define MACHINE EM_NONE
#endif

static bool core_parse(struct source *source, const char *path, struct tool_error *error)
{
	Elf64_Ehdr ehdr;

	if (!file_read(source, 0, &ehdr, sizeof ehdr) || memcmp(ehdr.e_ident, ELFMAG, SELFMAG) != 0)
		return tool_fail(error, "not a core file: %s", path);
	if (ehdr.e_ident[EI_CLASS] != ELFCLASS64 || ehdr.e_machine != MACHINE)
		return tool_fail(error, "a file of another kind of machine: %s", path);
	if (ehdr.e_type != ET_CORE)
		return tool_fail(error, "an ELF file, but not a core: %s", path);
	uint64_t count = phdr_count(source, &ehdr);
	uint64_t table = count * sizeof(Elf64_Phdr);
	if (count == 0 || count > SEGMENTS_MAX || ehdr.e_phentsize != sizeof(Elf64_Phdr) ||
	    ehdr.e_phoff > source->file_bytes || table > source->file_bytes - ehdr.e_phoff)
		return tool_fail(error, "a damaged core, without its list of segments: %s", path);
	Elf64_Phdr *phdrs = tool_new(count, sizeof *phdrs);
	source->segments = tool_new(count, sizeof *source->segments);
	if (!file_read(source, ehdr.e_phoff, phdrs, table))
		count = 0;
	for (uint64_t i = 0; i < count; i++) {
		if (phdrs[i].p_type == PT_NOTE)
			notes_read(source, &phdrs[i]);
		else if (phdrs[i].p_type == PT_LOAD)
			source->cut = !segment_add(source, &phdrs[i]) || source->cut;
	}
	free(phdrs);
	qsort(source->segments, source->segment_count, sizeof *source->segments, segment_compare);
	return true;
}

struct source *source_of_core(const char *path, struct tool_error *error)
{
	struct source *source = tool_new(1, sizeof *source);
	struct stat status;

	source->core = true;
	strcpy(source->command, "?");
	source->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (source->fd < 0 || fstat(source->fd, &status) != 0) {
		tool_fail(error, "cannot read %s: %s", path, strerror(errno));
		source_close(source);
		return NULL;
	}
	source->file_bytes = (uint64_t)status.st_size;
	if (!S_ISREG(status.st_mode))
		tool_fail(error, "not a core file: %s", path);
	if (!S_ISREG(status.st_mode) || !core_parse(source, path, error)) {
		source_close(source);
		return NULL;
	}
	return source;
}

void source_close(struct source *source)
{
	if (source->fd >= 0)
		close(source->fd);
	free(source->regions);
	free(source->segments);
	free(source);
}

/* --- Reading ------------------------------------------------------------------------------------ */

/* The segment that holds the address, or NULL. */
static const struct segment *segment_find(const struct source *source, uint64_t address)
{
	size_t low = 0;
	size_t high = source->segment_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (source->segments[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	const struct segment *segment = &source->segments[low - 1];
	return address - segment->start < segment->bytes ? segment : NULL;
}

/* A range may lie in several segments that follow each other. */
static bool core_read(struct source *source, uint64_t address, char *to, size_t bytes)
{
	while (bytes > 0) {
		const struct segment *segment = segment_find(source, address);
		if (segment == NULL)
			return false;
		uint64_t into = address - segment->start;
		size_t part = bytes;
		if (part > segment->bytes - into)
			part = (size_t)(segment->bytes - into);
		if (!file_read(source, segment->offset + into, to, part))
			return false;
		to += part;
		address += part;
		bytes -= part;
	}
	return true;
}

static bool process_read(struct source *source, uint64_t address, char *to, size_t bytes)
{
	while (bytes > 0) {
		ssize_t got = pread(source->fd, to, bytes, (off_t)address);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		to += got;
		address += (uint64_t)got;
		bytes -= (size_t)got;
	}
	return true;
}

static bool range_is_sane(uint64_t address, uint64_t bytes)
{
	return address < ADDRESS_MAX && bytes < ADDRESS_MAX;
}

bool source_read(struct source *source, uint64_t address, void *buffer, size_t bytes)
{
	if (!range_is_sane(address, bytes))
		return false;
	if (source->core)
		return core_read(source, address, buffer, bytes);
	return process_read(source, address, buffer, bytes);
}

bool source_holds(struct source *source, uint64_t address, uint64_t bytes)
{
	char byte;

	if (bytes == 0)
		return true;
	if (!range_is_sane(address, bytes))
		return false;
	if (!source->core)
		return process_read(source, address, &byte, 1) &&
		       process_read(source, address + bytes - 1, &byte, 1);
	for (uint64_t end = address + bytes; address < end;) {
		const struct segment *segment = segment_find(source, address);
		if (segment == NULL)
			return false;
		address = segment->start + segment->bytes;
	}
	return true;
}

bool source_write(struct source *source, uint64_t address, const void *buffer, size_t bytes)
{
	if (source->core || !range_is_sane(address, bytes))
		return false;
	return pwrite(source->fd, buffer, bytes, (off_t)address) == (ssize_t)bytes;
}

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
	       header->tcache_bytes == sizeof(struct tcache) && header->class_count != 0 &&
	       header->class_count <= CLASSES_MAX;
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

uint64_t source_find_header(struct source *source, struct page_b_header *header,
                            struct tool_error *error)
{
	char words[64];
	uint64_t address = find_by_symbol(source, true);

	if (address == 0)
		address = find_by_symbol(source, false);
	if (address == 0)
		address = find_by_magic(source);
	if (address == 0) {
		if (source_has_ended(source))
			tool_fail(error, "process %d has ended", (int)source->pid);
		else if (source->cut)
			tool_fail(error,
			          "a damaged core: it is cut short, and Page B is not in it");
		else
			tool_fail(error, "%s does not run under halloc",
			          source_words(source, words));
		return 0;
	}
	if (!header_is_at(source, address, header)) {
		tool_fail(error, "%s has ended", source_words(source, words));
		return 0;
	}
	if (header->version == PAGE_B_VERSION &&
	    !source_read(source, address, header, sizeof *header)) {
		tool_fail(error, "%s: Page B's header cannot be read", source_words(source, words));
		return 0;
	}
	return header_check(source, header, error) ? address : 0;
}
