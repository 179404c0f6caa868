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
	return 0;
}
