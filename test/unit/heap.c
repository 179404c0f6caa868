/* The two-page core: the example to the byte, both ends of a heap, full pages, growth, what reads as
 * zero, purging; with the walker after every operation.
 * links: heap purge process look huge touch bins cells page_b pool array pagemap limit lock os machine clock options report */
#include "heap.h"
#include "child.h"
#include "clock.h"
#include "page_b.h"
#include "pagemap.h"
#include "process.h"
#include <sys/mman.h>

static char *take(struct heap *heap, size_t bytes, size_t alignment)
{
	char *ptr = heap_take(heap, bytes, alignment, HEAP_BLOCK);

	REQUIRE(heap_ok(heap));
	REQUIRE((uintptr_t)ptr % alignment == 0);
	return ptr;
}

static size_t give(struct heap *heap, void *ptr)
{
	size_t bytes = heap_give(heap, ptr, HEAP_BLOCK, HEAP_DIRTY);

	REQUIRE(heap_ok(heap));
	return bytes;
}

/* A heap's cells as "OFFSET+SIZE" and a letter for the kind. */
struct text {
	char text[4000];
	const struct heap *heap;
};

static int describe(const struct heap_view *view, void *arg)
{
	struct text *text = arg;
	size_t length = strlen(text->text);

	REQUIRE(length + 60 < sizeof text->text);
	sprintf(text->text + length, "%s%zu+%zu%c", length ? " " : "",
	        (uintptr_t)view->start - text->heap->base, view->bytes, "FUSH"[view->kind]);
	return 0;
}

static bool looks(struct heap *heap, const char *expected)
{
	struct text text = {.heap = heap};

	REQUIRE(heap_visit(heap, NULL, describe, &text) == 0);
	if (strcmp(text.text, expected) != 0)
		fprintf(stderr, "the cells are\n\t%s\nand should be\n\t%s\n", text.text, expected);
	return strcmp(text.text, expected) == 0;
}

/* Cells of 10, 8 and 2 bytes; the first two freed; merged into the head, in either order. */
static void example(void)
{
	for (int order = 0; order < 2; order++) {
		struct heap *heap = heap_open(os_page_bytes, 1);
		REQUIRE(heap);
		REQUIRE(looks(heap, "0+4096F"));
		char *ten = take(heap, 10, 1);
		char *eight = take(heap, 8, 1);
		char *two = take(heap, 2, 1);
		REQUIRE(looks(heap, "0+10U 10+8U 18+2U 20+4076F"));
		REQUIRE(give(heap, order ? eight : ten) == (order ? 8 : 10));
		REQUIRE(give(heap, order ? ten : eight) == (order ? 10 : 8));
		REQUIRE(looks(heap, "0+18F 18+2U 20+4076F"));
		REQUIRE(take(heap, 18, 1) == ten);
		REQUIRE(give(heap, ten) == 18);
		REQUIRE(give(heap, two) == 2);
		REQUIRE(looks(heap, "0+4096F"));
		heap_close(heap);
	}
}

/* What does not start a cell in use changes nothing. */
static void misuse(void)
{
	struct heap *heap = heap_open(os_page_bytes, 16);
	struct heap_view view;
	char *first = take(heap, 100, 16);
	char *second = take(heap, 100, 16);

	REQUIRE(looks(heap, "0+112U 112+112U 224+3872F"));
	for (int i = -200; i < 400; i++) {
		char *ptr = first + i;
		if (ptr != first && ptr != second) {
			REQUIRE(give(heap, ptr) == 0);
			REQUIRE(heap_block_bytes(heap, ptr) == 0);
		}
		if (i >= 0) {
			REQUIRE(hfindptr(heap, ptr, &view));
			REQUIRE(view.start == (i < 112 ? first : i < 224 ? second : first + 224));
			REQUIRE(view.kind == (i < 224 ? HEAP_BLOCK : HEAP_FREE));
		} else {
			REQUIRE(!hfindptr(heap, ptr, &view));
		}
	}
	REQUIRE(give(heap, NULL) == 0);
	REQUIRE(give(heap, (void *)UINTPTR_MAX) == 0);
	REQUIRE(give(heap, (void *)((uintptr_t)first | (uintptr_t)1 << 63)) == 0);
	REQUIRE(give(heap, first + 4096) == 0);
	REQUIRE(heap_give(heap, first, HEAP_SLAB, HEAP_DIRTY) == 0); /* another kind */
	REQUIRE(looks(heap, "0+112U 112+112U 224+3872F"));
	REQUIRE(give(heap, second) == 112);
	REQUIRE(give(heap, second) == 0);
	REQUIRE(heap_block_bytes(heap, first) == 112);
	REQUIRE(heap_block_bytes(heap, second) == 0);
	REQUIRE(give(heap, first) == 112);
	REQUIRE(looks(heap, "0+4096F"));
	heap_close(heap);
}

/* Page A full, then Page B full: NULL with ENOMEM, and nothing has changed. */
static void full(void)
{
	struct heap *heap = heap_open(4 * os_page_bytes, 1024);
	char *cells[16];

	for (int i = 0; i < 16; i++)
		REQUIRE((cells[i] = take(heap, 1000, 1024)) != NULL);
	errno = 0;
	REQUIRE(take(heap, 1, 1) == NULL);
	REQUIRE(errno == ENOMEM);
	REQUIRE(give(heap, cells[15]) == 1024);
	REQUIRE(take(heap, 1025, 1) == NULL);
	REQUIRE(take(heap, SIZE_MAX, 1) == NULL);
	REQUIRE(take(heap, (size_t)1 << 42, 1) == NULL);
	REQUIRE(take(heap, 0, 1) == cells[15]);
	heap_close(heap);

	heap = heap_open(os_page_bytes, 1);
	unsigned count = 0;
	char *first = take(heap, 1, 1);
	char *last = first;
	for (char *ptr; (ptr = take(heap, 1, 1)) != NULL; count++)
		last = ptr;
	REQUIRE(errno == ENOMEM);
	REQUIRE(count < os_page_bytes - 1); /* so it was not Page A that was full */
	REQUIRE(heap->records == heap->records_max);
	REQUIRE(give(heap, last) == 1); /* merges with the rest: its record is there again */
	REQUIRE(take(heap, 1, 1) == last);
	REQUIRE(take(heap, 1, 1) == NULL);
	/* A cell that takes all the rest needs no record. */
	REQUIRE(give(heap, last) == 1);
	size_t rest = os_page_bytes - (size_t)(last - first);
	REQUIRE(take(heap, rest, 1) == last);
	REQUIRE(take(heap, 1, 1) == NULL);
	heap_close(heap);
}

/* Alignment beyond the granule leaves a cell before it, which merges again. */
static void alignments(void)
{
	struct heap *heap = heap_open(64 * os_page_bytes, 16);

	for (size_t alignment = 16; alignment <= 16 * os_page_bytes; alignment *= 2) {
		char *before = take(heap, 16, 16);
		char *ptr = take(heap, 100, alignment);
		REQUIRE(ptr);
		fill(ptr, 100, (unsigned)alignment);
		char *other = take(heap, 5, alignment);
		REQUIRE(other);
		REQUIRE(filled(ptr, 100, (unsigned)alignment));
		REQUIRE(give(heap, ptr) == 112);
		REQUIRE(give(heap, before) == 16);
		REQUIRE(give(heap, other) == 16);
		REQUIRE(looks(heap, "0+262144F"));
	}
	heap_close(heap);
}

static void bad_shapes(void)
{
	size_t page = os_page_bytes;

	REQUIRE(heap_open(page, 2 * page) == NULL); /* not a granule */
	REQUIRE(errno == EINVAL);
	REQUIRE(heap_open(SIZE_MAX & -page, 1) == NULL);
	REQUIRE(heap_open((size_t)1 << 40, 1) == NULL); /* cells are numbered by 32 bits */
	for (size_t granule = 1; granule <= page; granule *= 2) {
		struct heap *heap = heap_open(page, granule);
		REQUIRE(heap);
		REQUIRE(heap_ok(heap));
		char *start = (char *)heap->base;
		/* Guards around both pages. */
		REQUIRE(faults(start - 1));
		REQUIRE(faults(start + page));
		REQUIRE(faults((char *)heap - 1));
		memset(start, 'x', page);
		REQUIRE(heap_ok(heap)); /* nothing is known in Page A */
		heap_close(heap);
	}
}

/* Purging gives whole OS pages between cells back, and only them. */
static void purge_inside(void)
{
	struct heap *heap = heap_open(8 * os_page_bytes, 16);
	char *first = take(heap, 100, 16);
	char *middle = take(heap, 5 * os_page_bytes, 16);
	char *last = take(heap, 100, 16);

	memset((char *)heap->base, 'x', 8 * os_page_bytes);
	fill(first, 112, 1);
	fill(last, 112, 2);
	REQUIRE(give(heap, middle) != 0);
	/* Four whole pages in the middle; after the last cell, what is left of eight. */
	REQUIRE(heap_purge(heap, 0, 0) == 6 * os_page_bytes);
	REQUIRE(heap_ok(heap));
	REQUIRE(filled(first, 112, 1));
	REQUIRE(filled(last, 112, 2));
	REQUIRE(((char *)heap->base)[2 * os_page_bytes] == 0);
	heap_close(heap);
}

/* --- The process heap --------------------------------------------------------------------------- */

static bool reads_zero(const char *ptr, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (ptr[i] != 0)
			return false;
	return true;
}

/* Blocks in the process heap: bytes says whether they were known to be zero, and they must be. */
static void zeros(void)
{
	struct heap *heap = heap_process;
	size_t bytes = 5 * HEAP_PAGE_BYTES;
	char *ptr = take(heap, bytes, 16);

	REQUIRE(ptr);
	REQUIRE(heap_is_zero(heap, ptr, bytes));
	REQUIRE(reads_zero(ptr, bytes));
	fill(ptr, bytes, 3);
	REQUIRE(give(heap, ptr) == bytes);
	REQUIRE(heap_was_freed(heap, ptr));
	REQUIRE(take(heap, bytes, 16) == ptr);
	REQUIRE(!heap_was_freed(heap, ptr));
	REQUIRE(!heap_is_zero(heap, ptr, bytes));
	heap_zero(heap, ptr, bytes);
	REQUIRE(reads_zero(ptr, bytes));
	fill(ptr, bytes, 4);
	REQUIRE(give(heap, ptr) == bytes);
	/* Not yet old enough, then old enough. */
	REQUIRE(heap_purge(heap, clock_ms(), 1000000) == 0);
	REQUIRE(heap_ok(heap));
	REQUIRE(heap_purge(heap, clock_ms(), 0) == bytes);
	REQUIRE(heap_ok(heap));
	REQUIRE(heap_purge(heap, clock_ms(), 0) == 0);
	REQUIRE(take(heap, bytes, 16) == ptr);
	REQUIRE(heap_is_zero(heap, ptr, bytes));
	REQUIRE(reads_zero(ptr, bytes));
	REQUIRE(give(heap, ptr) == bytes);

	/* A large one: zeroed by giving its pages back. */
	bytes = (size_t)80 * HEAP_PAGE_BYTES;
	ptr = take(heap, bytes, 16);
	fill(ptr, bytes, 5);
	REQUIRE(give(heap, ptr) == bytes);
	REQUIRE(take(heap, bytes, 16) == ptr);
	heap_zero(heap, ptr, bytes);
	REQUIRE(reads_zero(ptr, bytes));
	REQUIRE(give(heap, ptr) == bytes);
}

/* Takes a block of part of a heap page, while the heap grows: this is so a moment after it did.
 * Returns: the system calls that it took. */
static uint64_t take_part(char **ptr)
{
	uint64_t calls = os_calls;

	process_grew_ms = clock_ms();
	*ptr = heap_take(heap_process, HEAP_PAGE_BYTES / 2, 16, HEAP_BLOCK);
	REQUIRE(*ptr);
	return os_calls - calls;
}

/* What lay behind the end of a block goes back while the heap grows; once, until it is used again. */
static void tails(void)
{
	struct heap *heap = heap_process;
	size_t page = HEAP_PAGE_BYTES;
	char *whole = NULL, *part = NULL;
	uint64_t calls = 0;

	/* Again, as a busy machine may have stopped here for too long. */
	for (unsigned tries = 0; tries < 10 && calls == 0; tries++) {
		whole = take(heap, page, 16);
		fill(whole, page, 7);
		REQUIRE(give(heap, whole) == page);
		calls = take_part(&part);
		REQUIRE(part == whole);
		REQUIRE(filled(part, page / 2, 7));
		REQUIRE(give(heap, part) == page);
	}
	REQUIRE(calls == 1);
	REQUIRE(reads_zero(part + page / 2, page / 2));
	REQUIRE(take_part(&part) == 0);
	REQUIRE(part == whole);
	REQUIRE(give(heap, part) == page);
}

static void resizes(void)
{
	struct heap *heap = heap_process;
	size_t page = HEAP_PAGE_BYTES;
	char *ptr = take(heap, 2 * page, 16);
	char *wall = take(heap, page, 16);

	fill(ptr, 2 * page, 6);
	REQUIRE(heap_resize(heap, ptr, 2 * page));
	REQUIRE(heap_resize(heap, ptr, page + 1));
	REQUIRE(!heap_resize(heap, ptr, 2 * page + 1));
	REQUIRE(!heap_resize(heap, ptr, SIZE_MAX));
	REQUIRE(heap_ok(heap));
	REQUIRE(heap_resize(heap, ptr, 1));
	REQUIRE(heap_ok(heap));
	REQUIRE(heap_block_bytes(heap, ptr) == page);
	REQUIRE(filled(ptr, page, 6));
	REQUIRE(heap_resize(heap, ptr, 2 * page));
	REQUIRE(heap_ok(heap));
	REQUIRE(give(heap, wall) == page);
	/* At the end of Page A a block grows with it. */
	size_t before = heap->granules;
	for (size_t pages = 3; pages < 2000; pages = pages * 3 / 2) {
		REQUIRE(heap_resize(heap, ptr, pages * page));
		REQUIRE(heap_ok(heap));
		REQUIRE(heap_block_bytes(heap, ptr) == pages * page);
		ptr[pages * page - 1] = 1;
	}
	REQUIRE(heap->granules > before);
	REQUIRE(filled(ptr, page, 6));
	REQUIRE(give(heap, ptr) != 0);
	REQUIRE(heap->granules_in_use == 0);
}

static void huge_alignments(void)
{
	for (size_t alignment = 16; alignment <= (size_t)1 << 33; alignment *= 8) {
		char *ptr = take(heap_process, 100, alignment);
		REQUIRE(ptr);
		REQUIRE(give(heap_process, ptr) == HEAP_PAGE_BYTES);
	}
	REQUIRE(take(heap_process, 100, (size_t)1 << 46) == NULL);
	REQUIRE(errno == ENOMEM);
	REQUIRE(take(heap_process, (size_t)1 << 45, 16) == NULL);
	REQUIRE(errno == ENOMEM);
	REQUIRE(heap_process->cells_in_use == 0);
}

/* Somebody maps in the middle of our window: the heap goes on behind it. */
static void hole(void)
{
	struct heap *heap = heap_process;
	size_t bytes = (size_t)heap->granules << HEAP_PAGE_SHIFT;
	char *there = (char *)heap->base + bytes + 10 * HEAP_PAGE_BYTES;
	struct heap_view view;

	if (mmap(there, os_page_bytes, PROT_READ | PROT_WRITE,
	         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != there)
		return; /* the window is reserved: nobody can */
	*there = 'x';
	char *ptr = take(heap, bytes + 20 * HEAP_PAGE_BYTES, 16);
	REQUIRE(ptr);
	REQUIRE(ptr > there);
	REQUIRE(*there == 'x');
	REQUIRE(hfindptr(heap, there, &view));
	REQUIRE(view.kind == HEAP_HOLE);
	REQUIRE(give(heap, there) == 0);
	REQUIRE(give(heap, view.start) == 0);
	ptr[bytes] = 1;
	REQUIRE(give(heap, ptr) != 0);
	heap_purge(heap, clock_ms(), 0);
	REQUIRE(heap_ok(heap));
	REQUIRE(*there == 'x');
}

/* The lowest address wins among cells of one size. */
static void lowest_first(void)
{
	char *cells[20];

	for (int i = 0; i < 20; i++)
		cells[i] = take(heap_process, HEAP_PAGE_BYTES, 16);
	for (int i = 0; i < 20; i += 2)
		REQUIRE(give(heap_process, cells[(i * 7) % 20]) == HEAP_PAGE_BYTES);
	for (int i = 0; i < 20; i += 2)
		REQUIRE(take(heap_process, HEAP_PAGE_BYTES, 16) == cells[i]);
	for (int i = 0; i < 20; i++)
		REQUIRE(give(heap_process, cells[i]) == HEAP_PAGE_BYTES);
}

/* --- The walker tells damage: each of these must turn heap_ok's answer --------------------------- */

static struct heap *broken;

static void damage(void *arg)
{
	struct heap_cell *cells = broken->cells;

	switch (*(int *)arg) {
	case 0:
		cells[2].size++;
		break;
	case 1:
		cells[2].offset--;
		break;
	case 2:
		cells[3].previous = 1;
		break;
	case 3:
		broken->granules_in_use++;
		break;
	case 4:
		broken->cells_in_use--;
		break;
	case 5:
		broken->bins_used[0] ^= 2;
		break;
	case 6:
		cells[2].kind = HEAP_FREE; /* free, and in no bin */
		break;
	case 7:
		broken->pages[0].first = 2;
		break;
	case 8:
		broken->last = 1;
		break;
	default:
		break;
	}
	_exit(heap_ok(broken) ? 5 : 6);
}

static void walker(void)
{
	broken = heap_open(os_page_bytes, 16);
	for (int i = 0; i < 5; i++)
		REQUIRE(take(broken, 16, 16));
	REQUIRE(child_damages_seen(damage, 9));
	heap_close(broken);
}

int main(void)
{
	os_boot();
	REQUIRE(page_b_boot());
	REQUIRE(heap_process == NULL);
	example();
	misuse();
	full();
	alignments();
	bad_shapes();
	purge_inside();
	walker();
	REQUIRE(heap_boot());
	REQUIRE(heap_ok(heap_process));
	zeros();
	tails();
	lowest_first();
	resizes();
	huge_alignments();
	hole();
	REQUIRE(page_b_ok());
	return 0;
}
