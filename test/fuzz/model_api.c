/* The whole API, under the names of malloc.c with api_ before them, against a list of what is out: by
 * default, hardened, sampled and with a limit; from threads that come and go, and in the child of a fork; and for
 * some steps at a time with hardly any memory left.
 * timeout: 500 */
#include "../../include/halloc.h"
#include "api.h"
#include "guards.h"
#include "hardened.h"
#include "model.h"
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

const char *const model_modes[] = {"HALLOC_HARDENED=0", "HALLOC_HARDENED=1", "HALLOC_SAMPLE=1",
                                   "HALLOC_SAMPLE=4",   "HALLOC_LIMIT=6M",   NULL};
const unsigned model_seeds = 80;

/* What errno is before a call that must leave it alone. */
enum { ERRNO = 33 };

enum { HEAPS = 3 };
static struct heap *heaps[HEAPS];
static bool in_thread, has_forked;

/* For so many more steps there is next to no memory; what the limit is else. */
static size_t steps_short;
static size_t limit_kept;

static void step(struct input *input);

/* --- Blocks --------------------------------------------------------------------------------------- */

/* Whether a request was met; it must have been, but for a limit. */
static bool met(const void *ptr)
{
	if (ptr != NULL) {
		CLAIM(errno == ERRNO);
		return true;
	}
	CLAIM(errno == ENOMEM);
	CLAIM(limit_bytes != SIZE_MAX);
	return false;
}

static void entered(struct block *block, void *ptr, size_t asked, size_t alignment)
{
	*block = (struct block){.at = ptr, .asked = asked, .alignment = alignment};
	block->bytes = api_malloc_usable_size(ptr);
	if (hardened_on)
		CLAIM(block->bytes == asked);
	if (hardened_on && asked != 0 && !guards_at(ptr)) {
		/* A text without an end ends in the slack. */
		CLAIM(sizeclasses[pagemap_find(ptr)->sizeclass].slot_bytes > asked);
		CLAIM(block->at[asked] == 0);
	}
	CLAIM(hsize(ptr) == block->bytes);
	CLAIM(errno == ERRNO);
	block_enter(block);
}

static void new_plain(struct input *input, struct block *block)
{
	size_t size = draw_size(input);
	void *ptr = draw(input, 4) == 0 ? halloc(size) : api_malloc(size);

	if (met(ptr))
		entered(block, ptr, size, 16);
}

static void new_zeroed(struct input *input, struct block *block)
{
	size_t count = draw(input, 64), size = draw(input, 20000);
	unsigned char *ptr = api_calloc(count, size);

	if (!met(ptr))
		return;
	zero_check(ptr, count * size);
	entered(block, ptr, count * size, 16);
}

static void new_aligned(struct input *input, struct block *block)
{
	size_t alignment = (size_t)1 << draw(input, 18);
	size_t size = draw_size(input);
	size_t page = os_page_bytes;
	void *ptr = NULL;

	switch (draw(input, 5)) {
	case 0:
		ptr = api_aligned_alloc(alignment, size);
		break;
	case 1:
		alignment = alignment < 8 ? 8 : alignment;
		int error = api_posix_memalign(&ptr, alignment, size);
		CLAIM(error == (ptr == NULL ? ENOMEM : 0));
		errno = ptr == NULL ? ENOMEM : errno;
		break;
	case 2: /* rounded up to a power of two */
		ptr = api_memalign(alignment - (alignment > 2), size);
		break;
	case 3:
		alignment = page;
		ptr = api_valloc(size);
		break;
	default:
		alignment = page;
		ptr = api_pvalloc(size);
		size = size == 0 ? page : (size + page - 1) & -page;
	}
	if (met(ptr))
		entered(block, ptr, size, alignment < 16 ? 16 : alignment);
}

static void block_free(struct input *input, struct block *block)
{
	void *ptr = block->at;

	CLAIM(api_malloc_usable_size(ptr) == block->bytes);
	block_check(block, block->bytes);
	block->at = NULL;
	switch (draw(input, 8)) {
	case 0:
		CLAIM(hfree(ptr) == 0);
		break;
	case 1:
		if (block->alignment == 16)
			api_free_sized(ptr, block->asked);
		else
			api_free_aligned_sized(ptr, block->alignment, block->asked);
		break;
	case 3:
		CLAIM(api_realloc(ptr, 0) == NULL);
		break;
	case 4:
		api_cfree(ptr);
		break;
	default:
		api_free(ptr);
	}
	CLAIM(errno == ERRNO);
	CLAIM(hsize(ptr) == 0);
	CLAIM(hfree(ptr) == -1);
	CLAIM(errno == EINVAL);
}

static void block_resize(struct input *input, struct block *block)
{
	size_t size = 1 + draw_size(input);
	struct block old = *block;
	unsigned char *ptr = api_realloc(old.at, size);

	if (!met(ptr)) {
		block_check(&old, old.bytes);
		return;
	}
	block->at = ptr;
	/* The first bytes that were asked for have come along. */
	block_check(block, size < old.asked ? size : old.asked);
	if (hardened_on && size > old.asked)
		zero_check(ptr + old.asked, size - old.asked);
	entered(block, ptr, size, 16);
}

/* Requests that nobody can meet. */
static void refusals(struct input *input, struct block *block)
{
	size_t size = SIZE_MAX / 2 + 1 + draw(input, 4096);

	CLAIM(api_malloc(size) == NULL);
	CLAIM(errno == ENOMEM);
	/* Of all sizes that there may be, one that no system has. */
	CLAIM(api_malloc((size_t)1 << (50 + draw(input, 13))) == NULL);
	CLAIM(errno == ENOMEM);
	CLAIM(api_calloc(size, 2 + draw(input, 9)) == NULL);
	CLAIM(errno == ENOMEM);
	CLAIM(api_memalign(64, SIZE_MAX - draw(input, 200)) == NULL);
	CLAIM(errno == ENOMEM);
	if (block != NULL) {
		errno = 0;
		CLAIM(api_realloc(block->at, size) == NULL);
		CLAIM(errno == ENOMEM);
		block_check(block, block->bytes);
	}
}

/* An address at or near a block, or far from all: only its very start passes for one. */
static void wrong_pointers(struct input *input)
{
	uintptr_t near = heap_process->base;
	struct block *block = draw_block(input, true);

	if (block != NULL)
		near = (uintptr_t)block->at + block->bytes;
	void *ptr = (void *)(near + draw(input, 5000) - 2500);
	void *far = (void *)(near ^ (uintptr_t)1 << (12 + draw(input, 52)));
	for (int i = 0; i < 2; i++, ptr = far) {
		if (ptr == NULL || is_out(ptr))
			continue;
		CLAIM(hsize(ptr) == 0);
		CLAIM(hfree(ptr) == -1);
		CLAIM(errno == EINVAL);
	}
}

/* --- Memory runs short ------------------------------------------------------------------------------ */

static void short_end(void)
{
	steps_short = 0;
	limit_bytes = limit_kept;
}

static void short_begin(struct input *input)
{
	struct introspect_totals totals;

	short_end();
	refusals(input, NULL);
	api_malloc_trim(0);
	introspect_count(&totals);
	size_t most = totals.committed_bytes + draw(input, (size_t)1 << 18);
	if (most < limit_kept)
		limit_bytes = most;
	steps_short = 1 + draw(input, 30);
}

static void row_new(size_t size, size_t count)
{
	for (unsigned i = 0; i < BLOCKS && count > 0; i++) {
		if (blocks[i].at != NULL)
			continue;
		errno = ERRNO;
		void *ptr = api_malloc(size);
		if (met(ptr))
			entered(&blocks[i], ptr, size, 16);
		count--;
	}
}

static void row_free(size_t count)
{
	for (unsigned i = 0; i < BLOCKS && count > 0; i++) {
		if (blocks[i].at == NULL || blocks[i].heap != NULL)
			continue;
		block_check(&blocks[i], blocks[i].bytes);
		errno = ERRNO;
		api_free(blocks[i].at);
		CLAIM(errno == ERRNO);
		blocks[i].at = NULL;
		count--;
	}
}

/* Many blocks of one size come and go; in between, all that is kept back must be given. */
static void rows_step(struct input *input)
{
	size_t size = sizeclasses[draw(input, SIZECLASS_COUNT)].slot_bytes - draw(input, 9);

	row_free(BLOCKS);
	for (size_t rounds = 1 + draw(input, 6); rounds > 0; rounds--) {
		row_new(size, BLOCKS);
		row_free(BLOCKS / 2 + draw(input, BLOCKS / 2));
		row_new(size, draw(input, 3));
		refusals(input, NULL);
		row_free(BLOCKS / 4 + draw(input, BLOCKS / 2));
		row_new(size, draw(input, BLOCKS));
	}
}

/* --- Heaps of users --------------------------------------------------------------------------------- */

static void heap_step(struct input *input, struct block *block)
{
	struct heap **place = &heaps[draw(input, HEAPS)];
	size_t size = draw(input, 9000);

	if (*place == NULL) {
		*place = heap_create(size, (size_t)1 << draw(input, 13));
		CLAIM(*place != NULL);
	}
	void *ptr = heap_alloc(*place, size);
	if (ptr == NULL) {
		CLAIM(errno == ENOMEM);
		heap_defrag(*place);
		return;
	}
	*block = (struct block){
	        .at = ptr, .bytes = size, .asked = size, .alignment = 1, .heap = *place};
	block_enter(block);
}

static void heap_block_free(struct block *block)
{
	block_check(block, block->bytes);
	CLAIM(hfree(block->at) == -1); /* not of the process's heap */
	CLAIM(errno == EINVAL);
	CLAIM(heap_free(block->heap, block->at) == 0);
	CLAIM(heap_free(block->heap, block->at) == -1);
	CLAIM(errno == EINVAL);
	block->at = NULL;
}

static void heap_end(struct heap **place)
{
	for (unsigned i = 0; i < BLOCKS; i++)
		if (blocks[i].heap == *place && *place != NULL)
			blocks[i].at = NULL;
	heap_destroy(*place);
	*place = NULL;
}

/* --- Processes and threads --------------------------------------------------------------------------- */

static void *steps_in_thread(void *arg)
{
	struct input *input = arg;

	for (size_t left = draw(input, 24); left > 0; left--)
		step(input);
	return NULL;
}

static void thread_step(struct input *input)
{
	pthread_t thread;

	if (in_thread)
		return;
	in_thread = true;
	CLAIM(pthread_create(&thread, NULL, steps_in_thread, input) == 0);
	CLAIM(pthread_join(thread, NULL) == 0);
	in_thread = false;
}

static void agree(void);

static void all_free(struct input *input)
{
	for (unsigned i = 0; i < HEAPS; i++)
		heap_end(&heaps[i]);
	for (unsigned i = 0; i < BLOCKS; i++) {
		errno = ERRNO;
		if (blocks[i].at != NULL)
			block_free(input, &blocks[i]);
	}
	api_malloc_trim(0);
	agree();
}

static void fork_step(struct input *input)
{
	int status = 0;

	if (has_forked)
		return;
	has_forked = true;
	pid_t child = fork();
	CLAIM(child >= 0);
	if (child == 0) {
		signal(SIGALRM, SIG_DFL); /* libFuzzer has a handler */
		alarm(50);                /* a deadlock ends by this */
		agree();
		for (unsigned i = 0; i < 20; i++)
			step(input);
		all_free(input);
		_exit(0);
	}
	/* libFuzzer has a timer. */
	CLAIM(TEMP_FAILURE_RETRY(waitpid(child, &status, 0)) == child);
	CLAIM(status == 0);
}

/* --- All of it ------------------------------------------------------------------------------------ */

/* What introspection counts is what is out. */
static void agree(void)
{
	struct introspect_totals totals;
	size_t slots = 0, others = 0;

	walk_all();
	for (unsigned i = 0; i < HEAPS; i++)
		if (heaps[i] != NULL)
			CLAIM(heap_ok(heaps[i]));
	for (unsigned i = 0; i < BLOCKS; i++) {
		if (blocks[i].at == NULL || blocks[i].heap != NULL)
			continue;
		const struct pagemap_entry *entry = pagemap_find(blocks[i].at);
		CLAIM(entry != NULL);
		if (pagemap_has_slab(entry))
			slots++;
		else if (!guards_at(blocks[i].at))
			others++;
	}
	introspect_count(&totals);
	CLAIM(totals.live_slots == slots);
	CLAIM(guards_on || totals.blocks == others);
	CLAIM(api_mallinfo2().uordblks >= totals.live_slot_bytes);
}

static void step_new(struct input *input, struct block *block, size_t kind)
{
	if (kind < 6)
		new_plain(input, block);
	else if (kind < 9)
		new_zeroed(input, block);
	else if (kind < 12)
		new_aligned(input, block);
	else
		heap_step(input, block);
}

static void step_rare(struct input *input, size_t kind)
{
	switch (kind) {
	case 0:
		thread_step(input);
		break;
	case 1:
		fork_step(input);
		break;
	case 2:
		refusals(input, NULL);
		break;
	case 3:
		hdefrag();
		break;
	case 4:
		api_malloc_trim(0);
		break;
	case 5:
		heap_end(&heaps[draw(input, HEAPS)]);
		break;
	case 6:
		rows_step(input);
		break;
	case 7:
		short_begin(input);
		break;
	default:
		wrong_pointers(input);
	}
}

static void step(struct input *input)
{
	size_t kind = draw(input, 32);
	struct block *block = NULL;

	if (kind < 26)
		block = draw_block(input, kind >= 14);
	errno = ERRNO;
	if (kind >= 26)
		step_rare(input, kind == 26 ? draw(input, 6) : kind - 21);
	else if (block == NULL)
		return;
	else if (kind < 14)
		step_new(input, block, kind);
	else if (block->heap != NULL)
		heap_block_free(block);
	else if (kind < 18)
		block_resize(input, block);
	else if (kind == 18)
		refusals(input, block);
	else
		block_free(input, block);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
	struct input input = {bytes, count};

	has_forked = false;
	options.purge_after_ms = 3600000; /* by steps alone */
	limit_kept = limit_bytes;
	while (input.left > 0) {
		step(&input);
		agree();
		if (steps_short > 0 && --steps_short == 0)
			short_end();
	}
	all_free(&input);
	short_end();
	if (!guards_on)
		CLAIM(heap_process->cells_in_use == 0);
	return 0;
}
