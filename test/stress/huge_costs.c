/* Where a huge page takes longer to make than as many small ones, few more are asked for; and many again when they
 * come quickly.
 * modes: HALLOC_HARDENED=0 */
#include "asked.h"

enum { SIZE = 100, SLOW = 128 * MIB, QUICK = 320 * MIB };

static char *new_block(void)
{
	char *block = malloc(SIZE);

	REQUIRE(block);
	return memset(block, 1, SIZE);
}

int main(void)
{
	char *last = NULL;

	huge_ns = 50000000;
	for (size_t i = 0; i < SLOW / SIZE; i++)
		last = new_block();
	size_t slow = asked_for();
	printf("slow: huge pages for %zu MiB of %d\n", slow / MIB, SLOW / MIB);
	REQUIRE(slow <= 6 * (size_t)MIB); /* each pause is twice as long */
	REQUIRE(slow >= (has_huge_pages() ? 2 * (size_t)MIB : 0));
	huge_ns = 1000;
	for (size_t i = 0; i < QUICK / SIZE; i++)
		last = new_block();
	size_t quick = asked_for() - slow;
	printf("quick: for %zu MiB of %d\n", quick / MIB, QUICK / MIB);
	REQUIRE(quick >= (has_huge_pages() ? QUICK / 2 : 0));
	return *last != 1;
}
