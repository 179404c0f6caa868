/*
 * faults_run.h - a program of mixed allocations, run in a child while the system refuses it memory
 * according to a plan. Whatever is refused: an answer is NULL with ENOMEM or a good block; no block is
 * lost or changed; and once the system is kind again, everything can be freed and nothing is left.
 */
#ifndef FAULTS_RUN_H
#define FAULTS_RUN_H

#include "../../include/halloc.h"
#include "alloc.h"
#include "boot.h"
#include "hardened.h"
#include "heap.h"
#include "introspect.h"
#include "options.h"
#include "page_b.h"
#include "resize.h"
#include "slab.h"
#include "test.h"
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum call { CALL_MMAP, CALL_MUNMAP, CALL_MPROTECT, CALL_MADVISE, CALL_MREMAP, CALLS };

static const char *const call_names[CALLS] = {"mmap", "munmap", "mprotect", "madvise", "mremap"};

enum way {
	WAY_REFUSED,   /* ENOMEM, nothing done */
	WAY_FORBIDDEN, /* EPERM, as a filter of system calls answers */
	WAY_TAKEN,     /* a fixed mmap: EEXIST */
	WAY_ELSEWHERE, /* a fixed mmap: mapped at another address, as kernels before 4.17 may */
	WAY_HALFWAY,   /* a fixed mremap: its target is unmapped, then it fails, as before 6.17 */
	WAYS,
};

struct plan {
	enum way way;
	unsigned first;  /* of the calls that may fail: the one to fail, from 1; 0: by chance */
	bool from_first; /* and all calls after it */
	unsigned one_in; /* by chance: so often */
	unsigned calls;  /* a bit a call that may fail */
	uint32_t seed;   /* by chance; the way is drawn too */
};

#define ALL_CALLS ((1u << CALLS) - 1)

/* Shared with the children: what was called and what was refused, by line. */
struct tally {
	unsigned called[CALLS][600];
	unsigned failed[CALLS][600];
	unsigned way[WAYS];
	unsigned runs, runs_hit, no_heap, refused_requests, requests;
};

static struct tally *tally;
static struct plan plan;
static bool faults_on;
static unsigned calls_made, faults_made;
static uint32_t fault_chance;
static void *halfway; /* what the last mremap that failed halfway has unmapped */

/* Mappings that os_map and the like made anywhere, to tell what is never given back. */
enum { MAPPINGS = 4096 };
static struct mapping {
	uintptr_t start, end;
	int line;
	bool accessible;
} mappings[MAPPINGS];
static pthread_mutex_t fault_mutex = PTHREAD_MUTEX_INITIALIZER;

/* Whether this call is to fail, and how. */
static bool call_fails(enum call call, int line, bool fixed, enum way *way)
{
	bool fails = false;

	REQUIRE(line < 600);
	pthread_mutex_lock(&fault_mutex);
	tally->called[call][line]++;
	calls_made += plan.calls >> call & 1;
	*way = plan.way;
	if (faults_on && (plan.calls >> call & 1) != 0) {
		if (plan.first != 0) {
			fails = calls_made == plan.first ||
			        (plan.from_first && calls_made > plan.first);
		} else {
			fails = next_random(&fault_chance) % plan.one_in == 0;
			*way = (enum way)(next_random(&fault_chance) % WAYS);
		}
	}
	if (!fixed || (*way == WAY_HALFWAY) != (call == CALL_MREMAP))
		*way = *way == WAY_FORBIDDEN ? WAY_FORBIDDEN : WAY_REFUSED;
	if (fails) {
		tally->failed[call][line]++;
		tally->way[*way]++;
		faults_made++;
	}
	pthread_mutex_unlock(&fault_mutex);
	return fails;
}

static void set_errno(enum way way)
{
	errno = way == WAY_FORBIDDEN ? EPERM : way == WAY_TAKEN ? EEXIST : ENOMEM;
}

static void mapping_add(void *start, size_t bytes, int line, bool accessible)
{
	pthread_mutex_lock(&fault_mutex);
	for (int i = 0; i < MAPPINGS; i++) {
		if (mappings[i].end == 0) {
			mappings[i] = (struct mapping){(uintptr_t)start, (uintptr_t)start + bytes,
			                               line, accessible};
			pthread_mutex_unlock(&fault_mutex);
			return;
		}
	}
	test_fail(__FILE__, __LINE__, "room for a mapping");
}

static void mapping_remove(void *start, size_t bytes)
{
	pthread_mutex_lock(&fault_mutex);
	for (int i = 0; i < MAPPINGS; i++)
		if (mappings[i].start == (uintptr_t)start &&
		    mappings[i].end == (uintptr_t)start + bytes)
			mappings[i].end = 0;
	pthread_mutex_unlock(&fault_mutex);
}

void *fault_mmap(int line, void *start, size_t bytes, int rights, int flags, int file, off_t at)
{
	enum way way;
	void *got;

	if (call_fails(CALL_MMAP, line, start != NULL, &way)) {
		/* Nothing is there: it is not taken. */
		if (start != NULL && start == halfway && way != WAY_FORBIDDEN)
			way = WAY_REFUSED;
		set_errno(way);
		if (way != WAY_ELSEWHERE)
			return MAP_FAILED;
		got = mmap(NULL, bytes, rights, flags & ~MAP_FIXED_NOREPLACE, file, at);
	} else {
		got = mmap(start, bytes, rights, flags, file, at);
	}
	if (got != MAP_FAILED && start == NULL)
		mapping_add(got, bytes, line, rights != PROT_NONE);
	return got;
}

int fault_munmap(int line, void *start, size_t bytes)
{
	enum way way;

	if (call_fails(CALL_MUNMAP, line, false, &way)) {
		set_errno(way);
		return -1;
	}
	mapping_remove(start, bytes);
	return munmap(start, bytes);
}

int fault_mprotect(int line, void *start, size_t bytes, int rights)
{
	enum way way;

	if (!call_fails(CALL_MPROTECT, line, false, &way))
		return mprotect(start, bytes, rights);
	set_errno(way);
	return -1;
}

int fault_madvise(int line, void *start, size_t bytes, int advice)
{
	enum way way;

	if (!call_fails(CALL_MADVISE, line, false, &way))
		return madvise(start, bytes, advice);
	set_errno(way);
	return -1;
}

void *fault_mremap(int line, void *from, size_t old_bytes, size_t bytes, int flags, void *to)
{
	enum way way;

	if (!call_fails(CALL_MREMAP, line, true, &way))
		return mremap(from, old_bytes, bytes, flags, to);
	if (way == WAY_HALFWAY) {
		munmap(to, bytes);
		halfway = to;
	}
	set_errno(way);
	return MAP_FAILED;
}

/* --- The program -------------------------------------------------------------------------------- */

enum { BLOCKS = 160 };

static struct block {
	unsigned char *at;
	size_t size;
	unsigned owner;
} blocks[BLOCKS];

static unsigned owners;

/* A block's first and last bytes, and one in each OS page between: enough to tell a mix-up. */
static unsigned char mark(const struct block *block, size_t at)
{
	return (unsigned char)(block->owner * 37 + at * 11 + (at >> 12) + 1);
}

static size_t next_mark(const struct block *block, size_t at)
{
	size_t step = at < 64 || at + 64 >= block->size ? 1 : 509;

	if (at + step + 64 > block->size && at + 64 < block->size)
		step = block->size - 64 - at;
	return at + step;
}

static void block_write(struct block *block)
{
	for (size_t i = 0; i < block->size; i = next_mark(block, i))
		block->at[i] = mark(block, i);
}

/* Checks the first bytes of a block that was written with old. */
static void block_check(const struct block *block, const struct block *old)
{
	for (size_t i = 0; i < old->size; i = next_mark(old, i))
		if (i < block->size)
			REQUIRE(block->at[i] == mark(old, i));
}

static void walk_all(void)
{
	for (unsigned i = 0; i < ARENAS_MAX && slab_arenas[i] != NULL; i++)
		REQUIRE(slab_ok(slab_arenas[i]));
	if (heap_process != NULL)
		REQUIRE(heap_ok(heap_process));
}

static bool got(struct block *block, void *ptr, size_t size)
{
	tally->requests++;
	if (ptr == NULL) {
		tally->refused_requests++;
		REQUIRE(errno == ENOMEM);
		return false;
	}
	*block = (struct block){ptr, size, ++owners};
	REQUIRE((uintptr_t)ptr % 16 == 0);
	REQUIRE(alloc_bytes(ptr, NULL) >= size);
	block_write(block);
	return true;
}

static void block_new(struct block *block, size_t size, uint32_t chance)
{
	size_t alignment = (size_t)16 << chance / 8 % 16;

	errno = 0;
	switch (chance % 8) {
	case 0:
		if (got(block, alloc_new_aligned(size, alignment), size))
			REQUIRE((uintptr_t)block->at % alignment == 0);
		break;
	case 1:
	case 2: {
		unsigned char *ptr = alloc_new_zeroed(size);
		for (size_t i = 0; ptr != NULL && i < size; i++)
			REQUIRE(ptr[i] == 0);
		got(block, ptr, size);
		break;
	}
	default:
		got(block, alloc_new(size), size);
	}
}

static void block_resize(struct block *block, size_t size)
{
	struct block old = *block;

	errno = 0;
	unsigned char *ptr = resize_block(block->at, size);
	tally->requests++;
	if (ptr == NULL) {
		tally->refused_requests++;
		REQUIRE(errno == ENOMEM);
		block_check(block, &old);
		return;
	}
	*block = (struct block){ptr, size, ++owners};
	block_check(block, &old);
	block_write(block);
}

static void block_free(struct block *block)
{
	block_check(block, block);
	errno = 33;
	if (owners % 2 != 0)
		alloc_free(block->at);
	else
		REQUIRE(alloc_free_checked(block->at));
	REQUIRE(errno == 33);
	block->at = NULL;
}

static size_t size_draw(uint32_t *chance)
{
	uint32_t kind = next_random(chance) % 64;
	uint32_t draw = next_random(chance);

	if (kind < 40)
		return 1 + draw % 2000;
	if (kind < 54)
		return 1 + draw % 40000;
	return kind < 63 ? 30000 + draw % 100000 : 1000000 + draw % 1000000;
}

static void heaps(uint32_t chance)
{
	size_t bytes = chance % 20000;
	struct heap *heap = heap_create(bytes, (size_t)1 << chance % 8);
	void *cells[20] = {0};

	if (heap == NULL) {
		REQUIRE(errno == ENOMEM || errno == EINVAL);
		return;
	}
	for (int i = 0; i < 20; i++) {
		cells[i] = heap_alloc(heap, (chance >> i % 20) % 300);
		REQUIRE(cells[i] != NULL || errno == ENOMEM);
	}
	heap_defrag(heap);
	REQUIRE(heap_ok(heap));
	for (int i = 0; i < 20; i += 2)
		REQUIRE(heap_free(heap, cells[i]) == 0);
	heap_defrag(heap);
	REQUIRE(heap_ok(heap));
	heap_destroy(heap);
}

/* Blocks large enough for their pages to be moved, with others in the way of growth. */
static void moves(uint32_t chance)
{
	struct block block = {0}, walls[2] = {{0}, {0}};
	size_t size = 1100000 + chance % 100000;

	for (int i = 0; i < 2; i++) {
		if (block.at == NULL)
			block_new(&block, size, 7);
		else
			block_resize(&block, block.size + 300000);
		block_new(&walls[i], 70000, 7);
	}
	if (block.at != NULL)
		block_resize(&block, 1050000);
	/* By little: in hardened mode where it is. */
	for (int i = 0; i < 8 && block.at != NULL; i++)
		block_resize(&block, block.size + 5000);
	if (block.at != NULL)
		block_resize(&block, 2 * block.size);
	for (int i = 0; i < 2; i++)
		if (walls[i].at != NULL)
			block_free(&walls[i]);
	if (block.at != NULL)
		block_free(&block);
}

/* Slabs across a boundary of huge pages, in memory that nothing has touched. */
static void slabs(void)
{
	enum { COUNT = 3000 };
	static void *slots[COUNT];

	for (int i = 0; i < COUNT; i++) {
		slots[i] = alloc_new(2048);
		REQUIRE(slots[i] != NULL || errno == ENOMEM);
	}
	for (int i = 0; i < COUNT; i++)
		if (slots[i] != NULL)
			alloc_free(slots[i]);
}

/* A block of no bytes: in hardened mode, one that the system itself cannot read. */
static void nothing(void)
{
	int ends[2];

	errno = 0;
	void *ptr = alloc_new(0);
	REQUIRE(ptr != NULL || errno == ENOMEM);
	if (ptr == NULL)
		return;
	if (hardened_on && pagemap_find(ptr) != NULL) {
		REQUIRE(pipe(ends) == 0);
		REQUIRE(write(ends[1], ptr, 1) == -1);
		REQUIRE(errno == EFAULT);
		close(ends[0]);
		close(ends[1]);
	}
	alloc_free(ptr);
}

static void step(uint32_t *chance)
{
	struct block *block = &blocks[next_random(chance) % BLOCKS];
	uint32_t draw = next_random(chance);

	if (draw % 40 == 0)
		alloc_trim();
	else if (draw % 40 == 1)
		heaps(next_random(chance));
	else if (draw % 40 == 2)
		nothing();
	else if (block->at == NULL)
		block_new(block, size_draw(chance), draw);
	else if (draw % 3 == 0)
		block_resize(block, size_draw(chance));
	else
		block_free(block);
}

/* The blocks' later owner is another thread: its own arena, an outbox, and a cache that ends. */
static void *in_thread(void *arg)
{
	uint32_t chance = *(uint32_t *)arg;

	for (int i = 0; i < 60; i++)
		step(&chance);
	return NULL;
}

static void program(void)
{
	uint32_t chance = 20260801;

	/* A heap large enough for huge pages, of which nothing is touched: always, or where they pay. */
	options.huge_pages = plan.seed % 2 == 0 ? 2 : 0;
	void *untouched = alloc_new((size_t)40 << 20);

	for (int round = 0; round < 8; round++) {
		pthread_t thread;
		for (int i = 0; i < 40; i++) {
			step(&chance);
			if (i % 10 == 0)
				walk_all();
		}
		if (round % 2 == 0) {
			REQUIRE(pthread_create(&thread, NULL, in_thread, &chance) == 0);
			REQUIRE(pthread_join(thread, NULL) == 0);
			moves(chance);
			walk_all();
		}
		if (round == 2) {
			boot_start();
			slabs();
		}
	}
	if (untouched != NULL)
		alloc_free(untouched);
}

/* Slabs for blocks of no bytes, which are never given back. */
static unsigned slabs_that_stay(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < ARENAS_MAX && slab_arenas[i] != NULL; i++)
		for (unsigned f = 0; f < SLAB_FULLNESSES && slab_arenas[i]->inaccessible; f++)
			for (struct slab *s = slab_arenas[i]->partial[0][f]; s != NULL; s = s->next)
				count++;
	return count;
}

/* What must hold when the system is kind again. */
static void aftermath(void)
{
	struct introspect_totals totals;
	unsigned lost = 0;

	for (int i = 0; i < BLOCKS; i++)
		if (blocks[i].at != NULL)
			block_free(&blocks[i]);
	hardened_give_back();
	alloc_trim();
	walk_all();
	if (!boot_ensure()) {
		tally->no_heap++;
		return;
	}
	REQUIRE(page_b_ok());
	introspect_count(&totals);
	REQUIRE(totals.live_slots == 0);
	REQUIRE(totals.blocks == 0);
	REQUIRE(heap_process->cells_in_use == slabs_that_stay());
	REQUIRE(slabs_that_stay() <= 1);
	/* The service is whole again. */
	struct block small = {0}, large = {0};
	REQUIRE(got(&small, alloc_new(100), 100));
	REQUIRE(got(&large, alloc_new(5000000), 5000000));
	block_free(&small);
	block_free(&large);
	heaps(12345);
	/* Heaps that were destroyed are unmapped, also where the system first refused it. */
	for (int i = 0; i < MAPPINGS; i++)
		if (mappings[i].end != 0 && mappings[i].accessible) {
			dprintf(STDERR_FILENO, "the mapping of os.c:%d is lost\n",
			        mappings[i].line);
			lost++;
		}
	REQUIRE(lost == 0);
}

/* Runs the program in a child under the plan. Returns: whether a fault was made. */
static bool run(struct plan wanted)
{
	int status = 0;
	unsigned before = tally->runs_hit;
	int said[2];
	static char text[4096];
	ssize_t length = 0, more;

	REQUIRE(pipe(said) == 0);
	pid_t child = fork();
	REQUIRE(child >= 0);
	if (child == 0) {
		close(said[0]);
		dup2(said[1], STDERR_FILENO);
		close(said[1]);
		plan = wanted;
		fault_chance = wanted.seed;
		faults_on = true;
		program();
		faults_on = false;
		aftermath();
		tally->runs++;
		tally->runs_hit += faults_made != 0;
		_exit(0);
	}
	close(said[1]);
	while ((more = read(said[0], text + length, sizeof text - 1 - (size_t)length)) > 0)
		length += more;
	text[length] = '\0';
	close(said[0]);
	REQUIRE(waitpid(child, &status, 0) == child);
	if (status != 0) {
		fprintf(stderr,
		        "status %#x under the plan: way %d, first %u%s, one in %u, calls %#x, seed "
		        "%u\n%s",
		        (unsigned)status, wanted.way, wanted.first,
		        wanted.from_first ? " and on" : "", wanted.one_in, wanted.calls,
		        wanted.seed, text);
		exit(1);
	}
	return tally->runs_hit != before;
}

/* Many more calls are made then, but none to move pages. */
static bool is_hardened(void)
{
	const char *hardened = getenv("HALLOC_HARDENED");

	return hardened != NULL && strcmp(hardened, "1") == 0;
}

static void tally_make(void)
{
	tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	             0);
	REQUIRE(tally != MAP_FAILED);
}

static void tally_print(void)
{
	unsigned total = 0;

	for (int call = 0; call < CALLS; call++)
		for (int line = 0; line < 600; line++)
			if (tally->called[call][line] != 0) {
				printf("os.c:%d: %s called %u times, failed %u\n", line,
				       call_names[call], tally->called[call][line],
				       tally->failed[call][line]);
				total += tally->failed[call][line];
			}
	printf("%u runs, %u with faults, %u faults, %u without a heap; %u of %u requests refused\n",
	       tally->runs, tally->runs_hit, total, tally->no_heap, tally->refused_requests,
	       tally->requests);
}

#endif
