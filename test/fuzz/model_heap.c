/* The core: cells of a heap of fixed size and of the process heap, against a list of what is out. What a
 * take refuses did not fit; what is free reads as zero where the heap says so.
 * timeout: 500 */
#include "clock.h"
#include "model.h"

const char *const model_modes[] = {"HALLOC_LIMIT=1T", "HALLOC_LIMIT=5M", NULL};
const unsigned model_seeds = 120;

static struct heap *heap;
static size_t granule;

static size_t rounded(size_t bytes)
{
	return bytes == 0 ? granule : (bytes + granule - 1) / granule * granule;
}

static bool fits(uintptr_t start, uintptr_t end, size_t bytes, size_t alignment)
{
	uintptr_t aligned = (start + alignment - 1) & -alignment;

	return aligned <= end && bytes <= end - aligned;
}

/* Whether a cell would fit between those that are out, as looking at each gap in turn shows. */
static bool has_room(size_t bytes, size_t alignment)
{
	uintptr_t start = heap->base;
	uintptr_t end = start + (size_t)heap->granules * granule;

	for (;;) {
		uintptr_t gap_end = end, next = 0;
		for (unsigned i = 0; i < BLOCKS; i++) {
			uintptr_t other = (uintptr_t)blocks[i].at;
			if (other >= start && other < gap_end) {
				gap_end = other;
				next = other + blocks[i].bytes;
			}
		}
		if (fits(start, gap_end, bytes, alignment))
			return true;
		if (gap_end == end)
			return false;
		start = next;
	}
}

static uint32_t records_left(void)
{
	uint32_t left = heap->records_max - heap->records;

	for (uint32_t cell = heap->records_free; cell != 0; cell = heap->cells[cell].next)
		left++;
	return left;
}

/* Whether a refusal was right: Page B is full, Page A is, or the limit is reached. */
static void refusal_check(size_t bytes, size_t alignment)
{
	CLAIM(errno == ENOMEM);
	if (!heap->grows)
		CLAIM(records_left() < 2 || !has_room(rounded(bytes), alignment));
	else /* Page B may have to grow for it, too */
		CLAIM(heap_committed_bytes() + rounded(bytes) + alignment + ((size_t)1 << 20) >
		      limit_bytes);
}

static void take(struct input *input)
{
	struct block *block = draw_block(input, false);
	size_t bytes = heap->grows ? draw_size(input) : draw(input, 700);
	size_t alignment = draw(input, 4) == 0 ? (size_t)1 << draw(input, 19) : 1;

	if (block == NULL)
		return;
	errno = 0;
	void *ptr = heap_take(heap, bytes, alignment, HEAP_BLOCK);
	if (ptr == NULL) {
		refusal_check(bytes, alignment > granule ? alignment : granule);
		return;
	}
	*block = (struct block){
	        .at = ptr, .bytes = rounded(bytes), .asked = bytes, .alignment = alignment};
	if (heap->grows && heap_is_zero(heap, ptr, block->bytes))
		zero_check(ptr, block->bytes);
	if (heap->grows && draw(input, 4) == 0) {
		heap_zero(heap, ptr, block->bytes);
		zero_check(ptr, block->bytes);
	}
	block_enter(block);
}

static void give(struct block *block, bool zeroed)
{
	enum heap_contents contents = HEAP_DIRTY;

	block_check(block, block->bytes);
	CLAIM(heap_give(heap, block->at, HEAP_SLAB, HEAP_DIRTY) == 0);
	if (zeroed && heap->grows) {
		memset(block->at, 0, block->bytes);
		contents = HEAP_ZERO;
	}
	CLAIM(heap_give(heap, block->at, HEAP_BLOCK, contents) == block->bytes);
	CLAIM(heap_give(heap, block->at, HEAP_BLOCK, HEAP_DIRTY) == 0);
	if (heap->grows)
		CLAIM(heap_was_freed(heap, block->at));
	block->at = NULL;
}

static void resize(struct input *input, struct block *block)
{
	size_t bytes = heap->grows ? draw_size(input) : draw(input, 700);
	size_t kept = rounded(bytes) < block->bytes ? rounded(bytes) : block->bytes;
	bool done = heap_resize(heap, block->at, bytes);

	block_check(block, kept);
	if (!done)
		return;
	block->bytes = rounded(bytes);
	block->asked = bytes;
	block_enter(block);
}

/* A block that moves into another, while the limit counts one of them. */
static void exchange(struct input *input, struct block *block)
{
	size_t bytes = block->bytes + draw(input, 200000);
	struct block old = *block;

	if (!heap->grows)
		return;
	void *ptr = heap_take_in_exchange(heap, bytes, old.bytes);
	if (ptr == NULL)
		return;
	*block = (struct block){
	        .at = ptr, .bytes = rounded(bytes), .asked = bytes, .alignment = granule};
	block_check(&old, old.bytes);
	CLAIM(heap_give(heap, old.at, HEAP_BLOCK, HEAP_DIRTY) == old.bytes);
	block_enter(block);
}

/* Any address: in a block, where none starts, and out of Page A. */
static void look(struct input *input)
{
	size_t size = (size_t)heap->granules * granule;
	size_t offset = draw(input, (size_t)1 << 24) % (size + 2 * granule);
	unsigned char *ptr = (unsigned char *)heap->base - granule + offset;
	struct heap_view view;
	bool inside = offset >= granule && offset < size + granule;

	CLAIM(hfindptr(heap, ptr, &view) == inside);
	if (!is_out(ptr)) {
		CLAIM(heap_give(heap, ptr, HEAP_BLOCK, HEAP_DIRTY) == 0);
		CLAIM(heap_block_bytes(heap, ptr) == 0);
	}
	for (unsigned i = 0; inside && i < BLOCKS; i++)
		if (blocks[i].at != NULL &&
		    (uintptr_t)ptr - (uintptr_t)blocks[i].at < blocks[i].bytes) {
			CLAIM(view.kind == HEAP_BLOCK);
			CLAIM(view.start == blocks[i].at);
			CLAIM(view.bytes == blocks[i].bytes);
			return;
		}
	if (inside)
		CLAIM(view.kind == HEAP_FREE);
}

/* The cells tile Page A, and those in use are the blocks. */
static int tile(const struct heap_view *view, void *arg)
{
	uintptr_t *at = arg;

	CLAIM((uintptr_t)view->start == *at);
	CLAIM(view->bytes != 0);
	CLAIM((view->kind == HEAP_BLOCK) == is_out(view->start));
	*at += view->bytes;
	return 0;
}

static void agree(void)
{
	uintptr_t at = heap->base;
	size_t in_use = 0;

	CLAIM(heap_ok(heap));
	CLAIM(page_b_ok());
	heap_visit(heap, NULL, tile, &at);
	CLAIM(at == heap->base + (size_t)heap->granules * granule);
	for (unsigned i = 0; i < BLOCKS; i++)
		if (blocks[i].at != NULL) {
			in_use += blocks[i].bytes;
			CLAIM(heap_block_bytes(heap, blocks[i].at) == blocks[i].bytes);
		}
	CLAIM(heap->cells_in_use == blocks_out());
	CLAIM((size_t)heap->granules_in_use * granule == in_use);
}

static void step(struct input *input)
{
	size_t kind = draw(input, 16);
	struct block *block = kind < 7 || kind > 13 ? NULL : draw_block(input, true);

	if (kind < 7)
		take(input);
	else if (kind == 14)
		look(input);
	else if (kind == 15)
		heap_purge(heap, clock_ms(), 0);
	else if (block == NULL)
		return;
	else if (kind < 11)
		give(block, kind == 7);
	else if (kind < 13)
		resize(input, block);
	else
		exchange(input, block);
}

static void heap_choose(struct input *input)
{
	size_t shape = draw(input, 64);

	heap = heap_process;
	if (shape < 39)
		heap = heap_open((shape % 3 + 1) * os_page_bytes, (size_t)1 << shape / 3);
	CLAIM(heap != NULL);
	granule = (size_t)1 << heap->granule_shift;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
	struct input input = {bytes, count};

	CLAIM(boot_ensure());
	heap_choose(&input);
	agree();
	while (input.left > 0) {
		step(&input);
		agree();
	}
	for (unsigned i = 0; i < BLOCKS; i++)
		if (blocks[i].at != NULL)
			give(&blocks[i], false);
	agree();
	heap_purge(heap, clock_ms(), 0);
	agree();
	if (heap != heap_process)
		heap_close(heap);
	return 0;
}
