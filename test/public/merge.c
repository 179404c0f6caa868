/* A freed cell merges with its free neighbours at once, from either side, into the lower one. */
#include "walked.h"

int main(void)
{
	struct heap *heap = heap_create(0, 1);
	char *a, *b, *c, *d, *e;

	REQUIRE(sysconf(_SC_PAGESIZE) == 4096); /* the sizes below say so */
	a = heap_alloc(heap, 100);
	b = heap_alloc(heap, 200);
	c = heap_alloc(heap, 300);
	d = heap_alloc(heap, 400);
	e = heap_alloc(heap, 3096);
	LOOKS(heap, "0+100U 100+200U 300+300U 600+400U 1000+3096U");
	heap_free(heap, b);
	LOOKS(heap, "0+100U 100+200F 300+300U 600+400U 1000+3096U");
	heap_free(heap, d);
	LOOKS(heap, "0+100U 100+200F 300+300U 600+400F 1000+3096U");
	heap_free(heap, c); /* both sides */
	LOOKS(heap, "0+100U 100+900F 1000+3096U");
	heap_free(heap, e); /* to the left, at the end */
	LOOKS(heap, "0+100U 100+3996F");
	heap_free(heap, a); /* to the right, at the start */
	LOOKS(heap, "0+4096F");
	a = heap_alloc(heap, 4096);
	LOOKS(heap, "0+4096U");
	heap_defrag(heap);
	LOOKS(heap, "0+4096U");
	heap_free(heap, a);
	heap_defrag(heap);
	LOOKS(heap, "0+4096F");
	heap_destroy(heap);
	return 0;
}
