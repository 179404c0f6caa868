/* Arrays: they grow, new records are zero, old ones stay as they are, and beyond their window there is nothing.
 * links: array os machine clock report */
#include "array.h"
#include "test.h"

int main(void)
{
	struct array array;
	enum { MOST = 100000 };

	os_boot();
	REQUIRE(array_open(&array, 24, MOST));
	uint64_t(*at)[3] = (void *)array.window.base;
	size_t made = 0;
	for (size_t count = 1; count <= MOST; count = count * 2 + 1) {
		REQUIRE(array_extend(&array, count));
		for (; made < count; made++) {
			REQUIRE(at[made][0] == 0);
			REQUIRE(at[made][2] == 0);
			at[made][0] = made;
			at[made][2] = ~made;
		}
	}
	REQUIRE(array_extend(&array, 1)); /* fewer than there are: nothing to do */
	for (size_t i = 0; i < made; i++) {
		REQUIRE(at[i][0] == i);
		REQUIRE(at[i][2] == ~i);
	}
	size_t claimed = array.window.claimed;
	REQUIRE(!array_extend(&array, array.window.size / 24 + 1000));
	REQUIRE(array.window.claimed == claimed);
	return 0;
}
