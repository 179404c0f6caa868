/* HALLOC_ON_ERROR=report: each crime gets one line, the call does nothing, and the heap is unharmed: by
 * default, in hardened mode, and where every block is sampled.
 * links: misuse slack backtrace guarded guards hardened makers quarantine inspect resize alloc boot background objects bootstrap misses tcache sampling outbox magazines awake idle pages slots slab mail heap purge process look huge move touch bins cells page_b pool array pagemap sizeclass limit lock os machine clock options report */
#include "alloc.h"
#include "boot.h"
#include "child.h"
#include "guards.h"
#include "hardened.h"
#include "heap.h"
#include "lock.h"
#include "page_b.h"
#include "resize.h"
#include <sys/resource.h>

/* --- The crimes --------------------------------------------------------------------------------- */

static char *freed(size_t size)
{
	char *block = alloc_new(size);

	alloc_free(block);
	return block;
}

static void free_twice_none(void)
{
	alloc_free(freed(0));
	alloc_free(alloc_new(0));
}

static void free_twice_small(void)
{
	alloc_free(freed(100));
}

static void free_twice_medium(void)
{
	alloc_free(freed(10000));
}

static void free_twice_large(void)
{
	alloc_free(freed(300000));
}

static void free_sized_twice(void)
{
	resize_free_sized(freed(100), 100, 1, "free_sized");
}

static void free_within_small(void)
{
	alloc_free((char *)alloc_new(100) + 16);
}

static void free_unaligned(void)
{
	alloc_free((char *)alloc_new(100) + 1);
}

static void free_within_medium(void)
{
	alloc_free((char *)alloc_new(10000) + 4096);
}

static void free_within_large(void)
{
	alloc_free((char *)alloc_new(300000) + 65536);
}

static void free_unaligned_large(void)
{
	alloc_free((char *)alloc_new(300000) + 8);
}

static void free_of_stack(void)
{
	char local[64] __attribute__((aligned(64)));
	char *volatile ptr = local;

	alloc_free(ptr);
}

static void free_of_static(void)
{
	static char data[64] __attribute__((aligned(64)));
	char *volatile ptr = data;

	alloc_free(ptr);
}

static void free_of_one(void)
{
	alloc_free((void *)1);
}

static void free_of_kernel(void)
{
	alloc_free((char *)alloc_new(100) + 0xffff000000000000u);
}

static void free_of_tagged(void)
{
	alloc_free((char *)alloc_new(100) + ((uintptr_t)1 << 56));
}

static void free_of_tagged_large(void)
{
	alloc_free((char *)alloc_new(300000) + ((uintptr_t)1 << 47));
}

static void free_beyond(void)
{
	alloc_free((char *)alloc_new(100) + ((uintptr_t)1 << 30));
}

static void resize_dead_small(void)
{
	REQUIRE(resize_block(freed(100), 200) == NULL);
}

static void resize_dead_large(void)
{
	REQUIRE(resize_block(freed(300000), 600000) == NULL);
}

static void resize_dead_too_much(void)
{
	REQUIRE(resize_block(freed(100), SIZE_MAX) == NULL);
}

static void resize_within(void)
{
	REQUIRE(resize_block((char *)alloc_new(100) + 32, 50) == NULL);
}

static void bytes_of_dead(void)
{
	REQUIRE(alloc_bytes(freed(100), "malloc_usable_size") == 0);
}

static void bytes_of_kernel(void)
{
	REQUIRE(alloc_bytes((void *)-4096, "malloc_usable_size") == 0);
}

static void bytes_within_large(void)
{
	REQUIRE(alloc_bytes((char *)alloc_new(300000) + 4096, "malloc_usable_size") == 0);
}

static void sized_too_large(void)
{
	resize_free_sized(alloc_new(100), 5000, 1, "free_sized");
}

static void sized_too_small(void)
{
	resize_free_sized(alloc_new(10000), 50, 1, "free_sized");
}

static void sized_large(void)
{
	resize_free_sized(alloc_new(300000), 100, 1, "free_sized");
}

static void sized_alignment(void)
{
	resize_free_sized(alloc_new(100), 100, (size_t)1 << 20, "free_aligned_sized");
}

static void sized_no_alignment(void)
{
	resize_free_sized(alloc_new(100), 100, 48, "free_aligned_sized");
}

/* --- Those that are told in hardened mode, or of a sampled block --------------------------------- */

static void sized_by_one(void)
{
	resize_free_sized(alloc_new(100), 99, 1, "free_sized");
}

static void overflow(void)
{
	char *block = alloc_new(100);

	block[100] = 1;
	alloc_free(block);
}

static void overflow_resize(void)
{
	char *block = alloc_new(100);

	block[100] = 1;
	block = resize_block(block, 5000);
	REQUIRE(block != NULL);
	alloc_free(block);
}

static void overflow_large(void)
{
	char *block = alloc_new(100001);

	block[100001] = 1;
	alloc_free(block);
}

static void overflow_at_exit(void)
{
	char *block = alloc_new(100);

	block[100] = 1;
	boot_finish();
}

static void write_after_free(void)
{
	freed(100)[50] = 1;
	alloc_free(alloc_new(5000));
}

static void write_after_free_at_exit(void)
{
	freed(2000)[1900] = 1;
	boot_finish();
}

static void underflow(void)
{
	const size_t room = sizeclasses[sizeclass_of(401)].slot_bytes;
	char *block = alloc_new(400);
	size_t size;

	/* Behind a slot on the same page that nobody has. */
	while ((uintptr_t)block % os_page_bytes < room || hardened_find(block - room, &size))
		block = alloc_new(400);
	block[-1] = 1;
	alloc_free(block);
}

/* --- How they are tried --------------------------------------------------------------------------- */

enum mode { DEFAULT = 1, HARDENED = 2, SAMPLED = 4, TOLD = 6, ALL = 7 };

static const struct crime {
	void (*commit)(void);
	const char *told;
	enum mode modes;
} crimes[] = {
        {free_twice_none, "double free of", ALL},
        {free_twice_small, "double free of", ALL},
        {free_twice_medium, "double free of", ALL},
        {free_twice_large, "double free of", ALL},
        {free_sized_twice, "free_sized after free of", ALL},
        {free_within_small, "invalid free of", ALL},
        {free_unaligned, "invalid free of", ALL},
        {free_within_medium, "invalid free of", ALL},
        {free_within_large, "invalid free of", ALL},
        {free_unaligned_large, "invalid free of", ALL},
        {free_of_stack, "invalid free of", ALL},
        {free_of_static, "invalid free of", ALL},
        {free_of_one, "invalid free of", ALL},
        {free_of_kernel, "invalid free of", ALL},
        {free_of_tagged, "invalid free of", ALL},
        {free_of_tagged_large, "invalid free of", ALL},
        {free_beyond, "invalid free of", ALL},
        {resize_dead_small, "realloc after free of", ALL},
        {resize_dead_large, "realloc after free of", ALL},
        {resize_dead_too_much, "realloc after free of", ALL},
        {resize_within, "invalid realloc of", ALL},
        {bytes_of_dead, "malloc_usable_size after free of", ALL},
        {bytes_of_kernel, "invalid malloc_usable_size of", ALL},
        {bytes_within_large, "invalid malloc_usable_size of", ALL},
        {sized_too_large, "free_sized of", ALL},
        {sized_too_small, "free_sized of", ALL},
        {sized_large, "free_sized of", ALL},
        {sized_alignment, "free_aligned_sized of", ALL},
        {sized_no_alignment, "free_aligned_sized of", ALL},
        {sized_by_one, "free_sized of", TOLD},
        {overflow, "overflow of", TOLD},
        {overflow_resize, "overflow of", TOLD},
        {overflow_large, "overflow of", TOLD},
        {overflow_at_exit, "overflow of", TOLD},
        {write_after_free, "write after free of", HARDENED},
        {write_after_free_at_exit, "write after free of", HARDENED},
        {underflow, "stray write of", HARDENED},
};

static void all_ok(void)
{
	for (unsigned i = 0; i < ARENAS_MAX && slab_arenas[i] != NULL; i++)
		REQUIRE(slab_ok(slab_arenas[i]));
	REQUIRE(heap_ok(heap_process));
	REQUIRE(page_b_ok());
}

/* Blocks that are live across the crime, and others that come after it, keep what is in them. */
enum { KEPT = 40, LATER = 400 };

static size_t size_of(unsigned i)
{
	return i % 20 == 0 ? 70000 : 1 + i * 37 % 600;
}

static void blocks_new(char **blocks, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		blocks[i] = alloc_new(size_of(i));
		REQUIRE(blocks[i] != NULL);
		fill(blocks[i], size_of(i), i);
	}
}

static void commit(void *arg)
{
	const struct crime *crime = arg;
	static char *blocks[KEPT + LATER];

	boot_start();
	blocks_new(blocks, 0, KEPT);
	crime->commit();
	all_ok();
	blocks_new(blocks, KEPT, KEPT + LATER);
	for (unsigned i = 0; i < KEPT + LATER; i++)
		REQUIRE(filled(blocks[i], size_of(i), i));
	for (unsigned i = 0; i < KEPT + LATER; i++)
		alloc_free(blocks[i]);
	all_ok();
}

/* Whether the child lived, and said one thing, as expected. */
static bool told_once(const struct crime *crime)
{
	int status = child_run(commit, (void *)(uintptr_t)crime);
	const char *line = strstr(child_said, "halloc: ");

	return status == 0 && line == child_said &&
	       strncmp(line + 8, crime->told, strlen(crime->told)) == 0 &&
	       strstr(line + 1, "halloc: ") == NULL;
}

static void try_all(enum mode mode, const char *name)
{
	for (size_t i = 0; i < sizeof crimes / sizeof *crimes; i++) {
		if ((crimes[i].modes & mode) == 0 || told_once(&crimes[i]))
			continue;
		fprintf(stderr, "crime %zu, \"%s\", %s: said:\n%s\n", i, crimes[i].told, name,
		        child_said);
		exit(1);
	}
}

/* --- No memory to wait in ----------------------------------------------------------------------------- */

static void no_lock_is_held(void)
{
	REQUIRE(lock_held() == NULL);
}

/* What is found with a lock held is told without it, though the system has no memory. */
static void overflow_without_memory(void *arg)
{
	struct rlimit none = {0, 0};
	char *one, *other;

	(void)arg;
	boot_start();
	one = alloc_new(100);
	other = alloc_new(2000);
	one[100] = 1;
	other[2000] = 1;
	report_backtrace = no_lock_is_held;
	REQUIRE(setrlimit(RLIMIT_AS, &none) == 0);
	alloc_free(one);
	alloc_free(other);
}

static unsigned lines_said(void)
{
	unsigned lines = 0;

	for (const char *line = child_said; (line = strstr(line, "halloc: ")) != NULL; line++)
		lines++;
	return lines;
}

int main(void)
{
	setenv("HALLOC_ON_ERROR", "report", 1);
	try_all(DEFAULT, "by default");
	setenv("HALLOC_HARDENED", "1", 1);
	try_all(HARDENED, "hardened");
	REQUIRE(child_run(overflow_without_memory, NULL) == 0);
	REQUIRE(lines_said() == 2);
	unsetenv("HALLOC_HARDENED");
	setenv("HALLOC_SAMPLE", "1", 1);
	try_all(SAMPLED, "sampled");
	return 0;
}
