/*
 * core - a core file as a source: its segments, and what its notes say.
 *
 * Always: nothing in the file is trusted: each offset is checked before it is followed; segments are cut to what
 *         the file holds.
 */
#include "core.h"
#include "notes.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/stat.h>

#define SEGMENTS_MAX   (1u << 20)
#define NOTE_BYTES_MAX ((uint64_t)64 << 20)

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
		struct region region = {
		        .start = range[0],
		        .end = range[1],
		        .offset = range[2] * head[1],
		        .is_library = source_names_library(name),
		};
		if (region.start < region.end)
			source_add_region(source, &region, name);
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

static void notes_parse(struct source *source, struct notes notes)
{
	struct note note;

	while (notes_next(&notes, &note)) {
		if (note.type == NT_FILE)
			note_files(source, note.body, note.bytes);
		else if (note.type == NT_PRPSINFO)
			note_process(source, note.body, note.bytes);
	}
}

static void notes_read(struct source *source, const Elf64_Phdr *phdr)
{
	if (phdr->p_filesz > NOTE_BYTES_MAX || phdr->p_filesz > source->file_bytes)
		return;
	char *notes = tool_new(phdr->p_filesz, 1);
	if (source_read_file(source, phdr->p_offset, notes, phdr->p_filesz))
		notes_parse(source, (struct notes){notes, phdr->p_filesz});
	free(notes);
}

/* Adds a segment, cut to what the file holds. Returns: false when that is not all of it. */
static bool segment_add(struct source *source, const Elf64_Phdr *phdr)
{
	uint64_t room = source->file_bytes;
	uint64_t bytes = phdr->p_filesz < phdr->p_memsz ? phdr->p_filesz : phdr->p_memsz;

	if (bytes == 0 || phdr->p_vaddr > SOURCE_ADDRESS_MAX || bytes > SOURCE_ADDRESS_MAX)
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
	return source_read_file(source, ehdr->e_shoff, &first, sizeof first) ? first.sh_info : 0;
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

	if (!source_read_file(source, 0, &ehdr, sizeof ehdr) ||
	    memcmp(ehdr.e_ident, ELFMAG, SELFMAG) != 0)
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
	if (!source_read_file(source, ehdr.e_phoff, phdrs, table))
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

const char *source_subject(int argc, char **argv, const char *done)
{
	if (argc == 1)
		tool_die("no process and no core given; see '%s --help'", tool_name);
	if (argc > 2)
		tool_die("only one process or core can be %s; see '%s --help'", done, tool_name);
	return argv[1];
}

struct source *source_of_subject(const char *subject, struct tool_error *error)
{
	if (subject[strspn(subject, "0123456789")] == '\0' && *subject != '\0')
		return source_of_process(tool_argument_pid(subject), SOURCE_READ, error);
	return source_of_core(subject, error);
}
