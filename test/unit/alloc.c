/* Routing by size, by owner and by alignment; resizing across every border; refusals.
 * links: misuse slack backtrace guarded guards hardened makers quarantine inspect resize alloc boot background objects bootstrap misses tcache sampling outbox magazines awake idle pages slots slab mail heap purge process look huge move touch bins cells page_b pool array pagemap sizeclass limit lock os machine clock options report */
#include "alloc.h"
#include "boot.h"
#include "bootstrap.h"
#include "child.h"
#include "heap.h"
#include "page_b.h"
#include "resize.h"

static void all_ok(void)
{
	for (unsigned i = 0; i < ARENAS_MAX && slab_arenas[i] != NULL; i++)
		REQUIRE(slab_ok(slab_arenas[i]));
	REQUIRE(heap_ok(heap_process));
	REQUIRE(page_b_ok());
}

/* Calls before the start are served early; the pointers stay good ever after. */
static void early(void)
{
	char *first = alloc_new(100);
	char *aligned = alloc_new_aligned(50, 256);
	char *zeroed = alloc_new_zeroed(200);

	REQUIRE(bootstrap_state(first) == BOOTSTRAP_LIVE);
	REQUIRE(bootstrap_state(aligned) == BOOTSTRAP_LIVE);
	REQUIRE((uintptr_t)aligned % 256 == 0);
	REQUIRE(alloc_bytes(first, NULL) >= 100);
	fill(first, 100, 1);
	/* One that the buffer cannot hold boots the heap. */
	REQUIRE(heap_process == NULL);
	char *large = alloc_new(BOOTSTRAP_BYTES + 1);
	REQUIRE(heap_process != NULL);
	REQUIRE(bootstrap_state(large) == BOOTSTRAP_FOREIGN);
	boot_start();
	first = resize_block(first, 70000);
	REQUIRE(bootstrap_state(first) == BOOTSTRAP_FOREIGN);
	REQUIRE(filled(first, 100, 1));
	for (int i = 0; i < 200; i++)
		REQUIRE(zeroed[i] == 0);
	REQUIRE(resize_block(zeroed, 10) == zeroed);
	alloc_free(zeroed);
	REQUIRE(bootstrap_state(zeroed) == BOOTSTRAP_DEAD);
	REQUIRE(!alloc_free_checked(zeroed));
	REQUIRE(alloc_free_checked(aligned));
	alloc_free(first);
	alloc_free(large);
	REQUIRE(bootstrap_bytes_live() == 0);
}

/* Every size around the borders to every other: contents kept, sizes true. */
static void resizes(void)
{
	static const size_t sizes[] = {1,      16,      17,      24,      25,     100,
	                               256,    257,     4096,    4097,    32767,  32768,
	                               32769,  65535,   65536,   65537,   131072, 131073,
	                               200000, 1048575, 1048576, 1048577, 3000000};
	enum { SIZES = sizeof sizes / sizeof *sizes };

	for (unsigned from = 0; from < SIZES; from++) {
		for (unsigned to = 0; to < SIZES; to++) {
			char *wall = NULL;
			char *ptr = alloc_new(sizes[from]);
			REQUIRE(ptr);
			if ((from + to) % 2 == 0)
				wall = alloc_new(40000); /* in the way of growth */
			fill(ptr, sizes[from], from);
			errno = 55;
			ptr = resize_block(ptr, sizes[to]);
			REQUIRE(ptr);
			REQUIRE(errno == 55);
			REQUIRE(alloc_bytes(ptr, NULL) >= sizes[to]);
			REQUIRE(filled(ptr, sizes[from] < sizes[to] ? sizes[from] : sizes[to],
			               from));
			fill(ptr, alloc_bytes(ptr, NULL), to);
			all_ok();
			alloc_free(ptr);
			alloc_free(wall);
			REQUIRE(errno == 55);
		}
	}
}

static void alignments(void)
{
	for (size_t alignment = 1; alignment <= (size_t)1 << 24; alignment *= 2) {
		for (size_t size = 0; size < 200000; size = size * 2 + 1) {
			char *ptr = alloc_new_aligned(size, alignment);
			char *other = alloc_new_aligned(size, alignment);
			REQUIRE(ptr);
			REQUIRE(other);
			REQUIRE(ptr != other);
			REQUIRE((uintptr_t)ptr % alignment == 0);
			REQUIRE(((uintptr_t)other | (uintptr_t)ptr) % 16 == 0);
			REQUIRE(alloc_bytes(ptr, NULL) >= size);
			fill(ptr, alloc_bytes(ptr, NULL), 1);
			fill(other, alloc_bytes(other, NULL), 2);
			REQUIRE(filled(ptr, alloc_bytes(ptr, NULL), 1));
			alloc_free(ptr);
			alloc_free(other);
		}
		all_ok();
	}
}

static void zeroed(void)
{
	for (int round = 0; round < 3; round++) {
		for (size_t size = 0; size < 6000000; size = size * 2 + 3) {
			char *ptr = alloc_new_zeroed(size);
			REQUIRE(ptr);
			size_t bytes = size;
			for (size_t i = 0; i < bytes; i++)
				REQUIRE(ptr[i] == 0);
			memset(ptr, 0xff, alloc_bytes(ptr, NULL));
			alloc_free(ptr);
		}
		if (round == 1)
			alloc_trim();
		all_ok();
	}
}

static void refusals(void)
{
	char *ptr = alloc_new(100);
	static const size_t sizes[] = {ALLOC_BYTES_MAX, ALLOC_BYTES_MAX + 1, SIZE_MAX,
	                               SIZE_MAX - 4096, (size_t)1 << 47};

	fill(ptr, 100, 1);
	for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		errno = 0;
		REQUIRE(alloc_new(sizes[i]) == NULL);
		REQUIRE(errno == ENOMEM);
		errno = 0;
		REQUIRE(alloc_new_zeroed(sizes[i]) == NULL);
		REQUIRE(errno == ENOMEM);
		errno = 0;
		REQUIRE(resize_block(ptr, sizes[i]) == NULL);
		REQUIRE(errno == ENOMEM);
		REQUIRE(filled(ptr, 100, 1));
		if (sizes[i] > ALLOC_BYTES_MAX)
			continue;
		errno = 0;
		REQUIRE(alloc_new_aligned(sizes[i], 64) == NULL);
		REQUIRE(errno == ENOMEM);
	}
	errno = 0;
	REQUIRE(alloc_new_aligned(1, (size_t)1 << 46) == NULL);
	REQUIRE(errno == ENOMEM);
	alloc_free(ptr);
	all_ok();
}

/* Pointers that start no live block: asked quietly they are nothing, and nothing changes. */
static void foreign(void)
{
	int local;
	char *small = alloc_new(100), *large = alloc_new(100000);
	void *wrong[] = {&local,
	                 "text",
	                 small + 1,
	                 small + 16,
	                 small - 16,
	                 large + 1,
	                 large + 65536,
	                 large + 4096,
	                 (void *)1,
	                 (void *)UINTPTR_MAX,
	                 &heap_process,
	                 heap_process,
	                 (void *)((uintptr_t)small | (uintptr_t)1 << 63),
	                 (void *)((uintptr_t)large | (uintptr_t)1 << 56)};

	for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (alloc_bytes(wrong[i], NULL) != 0 || alloc_free_checked(wrong[i]))
			fprintf(stderr, "pointer %u passes\n", i);
		REQUIRE(alloc_bytes(wrong[i], NULL) == 0);
		REQUIRE(!alloc_free_checked(wrong[i]));
	}
	REQUIRE(alloc_free_checked(small));
	REQUIRE(!alloc_free_checked(small));
	REQUIRE(alloc_free_checked(large));
	REQUIRE(!alloc_free_checked(large));
	all_ok();
}

/* With every slot of a slab live: of all the offsets of the slab, in the rest behind the last slot too, the
 * slots' starts alone are found. */
static void offsets(unsigned class)
{
	static void *slots[3 * 4096];
	const struct sizeclass *shape = &sizeclasses[class];
	unsigned count = 3u * shape->slots, found = 0;

	for (unsigned coarse = class; coarse < SIZECLASS_COUNT && coarse < class + 4; coarse++)
		sizeclass_refine(coarse);
	for (unsigned i = 0; i < count; i++)
		slots[i] = alloc_new(shape->slot_bytes);
	const struct pagemap_entry *entry = pagemap_find(slots[count / 2]);
	const char *start = (const char *)entry->start;
	for (size_t offset = 0; offset < shape->heap_pages * HEAP_PAGE_BYTES; offset++) {
		struct slot slot;
		if (alloc_find_slot(start + offset, &slot) == NULL)
			continue;
		REQUIRE(offset % shape->slot_bytes == 0);
		REQUIRE(slot.state == entry->states + offset / shape->slot_bytes);
		found++;
	}
	REQUIRE(found == shape->slots);
	REQUIRE(entry->states[shape->slots] != SLOT_LIVE);
	for (unsigned i = 0; i < count; i++)
		alloc_free(slots[i]);
	REQUIRE(alloc_trim() > 0);
	all_ok();
}

static void free_it(void *ptr)
{
	alloc_free(ptr);
}

static void resize_it(void *ptr)
{
	resize_block(ptr, 50);
}

/* The report names the crime, the pointer and its place. */
static void reports(void)
{
	char *small = alloc_new(48), *large = alloc_new(100000);
	char text[100];

	report_text(text, sizeof text, "halloc: invalid free of %p: 3 bytes into slot",
	            (void *)(small + 3));
	REQUIRE(child_aborts(free_it, small + 3, text));
	report_text(text, sizeof text, "halloc: invalid free of %p: 4096 bytes into a block",
	            (void *)(large + 4096));
	REQUIRE(child_aborts(free_it, large + 4096, text));
	report_text(text, sizeof text, "halloc: invalid realloc of %p", (void *)(small + 3));
	REQUIRE(child_aborts(resize_it, small + 3, text));
	alloc_free(small);
	alloc_free(large);
	report_text(text, sizeof text, "halloc: double free of %p: slot", (void *)small);
	REQUIRE(child_aborts(free_it, small, text));
	report_text(text, sizeof text, "halloc: double free of %p: a large block", (void *)large);
	REQUIRE(child_aborts(free_it, large, text));
	report_text(text, sizeof text, "halloc: realloc after free of %p", (void *)small);
	REQUIRE(child_aborts(resize_it, small, text));
}

int main(void)
{
	early();
	all_ok();
	resizes();
	alignments();
	zeroed();
	refusals();
	foreign();
	for (unsigned class = 0; class < SIZECLASS_COUNT; class ++)
		offsets(class);
	reports();
	alloc_trim();
	all_ok();
	REQUIRE(heap_process->cells_in_use == 0);
	return 0;
}
