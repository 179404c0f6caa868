/* The clock is never 0, and goes around.
 * links: clock */
#include "clock.h"
#include "test.h"

int main(void)
{
	uint32_t now = clock_ms();
	REQUIRE(now != 0);
	REQUIRE((int32_t)(clock_ms() - now) >= 0);
	REQUIRE(clock_has_passed(5, UINT32_MAX - 4, 10) &&
	        !clock_has_passed(5, UINT32_MAX - 4, 11));
	REQUIRE(clock_has_passed(UINT32_MAX - 100000, 1, 500));
	REQUIRE(!clock_has_passed(1000, 1004, 1) && clock_has_passed(1000, 1004, 0));
	/* Set for a quarter of a second ahead at most; or by another thread, after now was read. */
	REQUIRE(!clock_has_come(1000, 1250, 250) && !clock_has_come(1000, 1001, 250));
	REQUIRE(!clock_has_come(1000, 2200, 250) && clock_has_come(1000, 2300, 250));
	REQUIRE(clock_has_come(1000, 1000, 250) && clock_has_come(1000, 999, 250));
	REQUIRE(!clock_has_come(UINT32_MAX - 10, 100, 250) &&
	        clock_has_come(100, UINT32_MAX - 10, 250));
	REQUIRE(clock_has_come(0, UINT32_MAX / 2, 250)); /* the clock has gone around meanwhile */
	return 0;
}
