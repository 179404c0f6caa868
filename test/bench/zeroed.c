/* zeroed - calloc: large tables of which little is used, and small records. */
#include "bench.h"

enum { tables = 600, table_bytes_max = 16 << 20, uses = 40 };
enum { live = 20000, records = 6000000, record_bytes_max = 400 };

static void sparse_tables(uint32_t *seed)
{
	for (unsigned i = 0; i < tables; i++) {
		size_t size = (64 << 10) + next_random(seed) % table_bytes_max;
		char *table = calloc(1, size);
		REQUIRE(table);
		for (unsigned k = 0; k < uses; k++) {
			size_t at = next_random(seed) % size;
			REQUIRE(table[at] == 0 || table[at] == 1);
			table[at] = 1;
		}
		free(table);
	}
}

static void small_records(uint32_t *seed)
{
	static char *blocks[live];

	for (unsigned i = 0; i < records; i++) {
		size_t size = 1 + next_random(seed) % record_bytes_max;
		unsigned at = next_random(seed) % live;
		free(blocks[at]);
		blocks[at] = calloc(1, size);
		REQUIRE(blocks[at] && blocks[at][size - 1] == 0);
		blocks[at][size - 1] = 1;
	}
	for (unsigned i = 0; i < live; i++)
		free(blocks[i]);
}

int main(void)
{
	uint32_t seed = 5;

	sparse_tables(&seed);
	small_records(&seed);
	return 0;
}
