/* walked.h - what the tests of heap_create share: a heap's cells as one string. */
#ifndef WALKED_H
#define WALKED_H

#include "halloc.h"
#include "test.h"

struct cells {
	char text[20000]; /* "OFFSET+SIZE" a cell, in capitals U for used and F for free */
	size_t count, total, used;
	bool tiled; /* each cell starts where the one before ended */
};

static inline int add_cell(const struct heap_cell_info *cell, void *arg)
{
	struct cells *cells = arg;
	size_t length = strlen(cells->text);

	cells->tiled = cells->tiled && cell->offset == cells->total;
	cells->total += cell->size;
	cells->used += cell->in_use ? cell->size : 0;
	cells->count++;
	if (length + 50 < sizeof cells->text)
		sprintf(cells->text + length, "%s%zu+%zu%c", length ? " " : "", cell->offset,
		        cell->size, cell->in_use ? 'U' : 'F');
	return 0;
}

/* Returns: the cells of heap, until the next call. */
static inline const struct cells *walk(struct heap *heap)
{
	static struct cells cells;

	memset(&cells, 0, sizeof cells);
	cells.tiled = true;
	REQUIRE(heap_walk(heap, add_cell, &cells) == 0);
	REQUIRE(cells.tiled);
	return &cells;
}

/* Ends the test unless heap looks like text. */
static inline void looks(struct heap *heap, const char *text, const char *file, int line)
{
	const struct cells *cells = walk(heap);

	if (strcmp(cells->text, text) == 0)
		return;
	fprintf(stderr, "%s:%d: the cells are\n\t%s\nand should be\n\t%s\n", file, line,
	        cells->text, text);
	exit(1);
}

#define LOOKS(heap, text) looks(heap, text, __FILE__, __LINE__)

#endif
