/* The pool: the first run that fits, zeroed, also where two free ones have become one; it grows when it is told to; and the
 * walker that tells damage.
 * links: pool array os machine clock report */
#include "pool.h"
#include "child.h"
#include "os.h"

static char *take(size_t units)
{
	char *at = pool_take(units, true);

	REQUIRE(at);
	for (size_t i = 0; i < units * POOL_UNIT_BYTES; i++)
		REQUIRE(at[i] == 0);
	memset(at, 'x', units * POOL_UNIT_BYTES);
	return at;
}

static void first_fit(void)
{
	char *low = take(3);
	char *middle = take(2);
	char *high = take(POOL_UNITS_MAX);

	REQUIRE(middle == low + 3 * POOL_UNIT_BYTES);
	REQUIRE(high == middle + 2 * POOL_UNIT_BYTES);
	pool_give(low, 3);
	REQUIRE(take(4) == high + POOL_UNITS_MAX * POOL_UNIT_BYTES);
	pool_give(middle, 2);
	REQUIRE(take(4) == low);
	REQUIRE(take(1) == low + 4 * POOL_UNIT_BYTES);
	REQUIRE(pool_ok(POOL_UNITS_MAX + 4 + 4 + 1));
	REQUIRE(!pool_ok(POOL_UNITS_MAX + 4 + 4));
}

/* Fills what there is, and one more. */
static void grows(void)
{
	size_t claimed = pool_claimed_bytes();

	while (pool_take(1, false) != NULL)
		continue;
	REQUIRE(pool_claimed_bytes() == claimed);
	REQUIRE(pool_ok(claimed / POOL_UNIT_BYTES));
	take(1);
	REQUIRE(pool_claimed_bytes() > claimed);
	pool_reserve(4 * claimed);
	REQUIRE(pool_claimed_bytes() >= 4 * claimed);
	REQUIRE(pool_ok(claimed / POOL_UNIT_BYTES + 1));
}

static void too_many(void *arg)
{
	(void)arg;
	pool_take(POOL_UNITS_MAX + 1, true);
}

int main(void)
{
	os_boot();
	REQUIRE(pool_open());
	REQUIRE(pool_ok(0));
	first_fit();
	grows();
	REQUIRE(child_aborts(too_many, NULL, "halloc: bug in halloc: units <= POOL_UNITS_MAX"));
	return 0;
}
