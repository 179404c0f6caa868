/* mallinfo and mallinfo2 tell real numbers, and they move with the program. */
#include "test.h"
#include <malloc.h>

enum { LIVE = 5000, SIZE = 200, LARGE = 50 << 20 };

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static void *blocks[LIVE];

/* In small blocks and in large ones: under HALLOC_SAMPLE a small block may be one with pages of its own. */
static size_t in_use(const struct mallinfo2 *now)
{
	return now->uordblks + now->hblkhd;
}

static void show(void)
{
	struct mallinfo2 now = mallinfo2();
	struct mallinfo old = mallinfo();

	SAY(now.arena > 0);
	SAY(in_use(&now) > 0);
	SAY(now.uordblks <= now.arena + now.hblkhd);
	SAY(now.fordblks <= now.arena + now.hblkhd);
	SAY(now.keepcost <= now.arena);
	SAY((size_t)(unsigned)old.arena == now.arena);
	SAY((size_t)(unsigned)old.uordblks == now.uordblks);
	SAY((size_t)(unsigned)old.fordblks == now.fordblks);
	SAY((size_t)(unsigned)old.hblks == now.hblks);
	SAY((size_t)(unsigned)old.hblkhd == now.hblkhd);
}

int main(void)
{
	struct mallinfo2 before, during, after;
	void *large;

	setvbuf(stdout, NULL, _IONBF, 0);
	(void)!malloc(1);
	show();
	before = mallinfo2();
	for (int i = 0; i < LIVE; i++)
		blocks[i] = malloc(SIZE);
	during = mallinfo2();
	SAY(in_use(&during) >= in_use(&before) + LIVE * SIZE);
	SAY(during.uordblks < before.uordblks + LIVE * SIZE * 2);
	SAY(during.arena + during.hblkhd > in_use(&before) + LIVE * SIZE);
	show();
	for (int i = 0; i < LIVE; i++)
		free(blocks[i]);
	after = mallinfo2();
	SAY(in_use(&after) + LIVE * SIZE / 2 < in_use(&during));
	SAY(after.fordblks > 0);
	before = mallinfo2();
	large = malloc(LARGE);
	during = mallinfo2();
	SAY(during.hblks == before.hblks + 1);
	SAY(during.hblkhd >= before.hblkhd + LARGE);
	show();
	free(large);
	after = mallinfo2();
	SAY(after.hblks == before.hblks);
	SAY(after.hblkhd == before.hblkhd);
	return 0;
}
