/* What HALLOC_LIMIT may say, and that nobody looks at the control group unasked.
 * links: limit options os machine clock report */
#include "limit.h"
#include "child.h"
#include "options.h"

#define KEPT ((size_t)12345)

static size_t parsed(const char *text, size_t whole)
{
	size_t bytes = KEPT;
	bool taken = limit_parse(text, whole, &bytes);

	REQUIRE(taken == (bytes != KEPT));
	return bytes;
}

static void sizes(void)
{
	REQUIRE(parsed("1048576", 0) == 1048576);
	REQUIRE(parsed("1048577", 0) == 1048577);
	REQUIRE(parsed("18446744073709551615", 0) == SIZE_MAX);
	REQUIRE(parsed("1024K", 0) == (size_t)1 << 20);
	REQUIRE(parsed("3m", 0) == (size_t)3 << 20);
	REQUIRE(parsed("5G", 0) == (size_t)5 << 30);
	REQUIRE(parsed("16777215t", 0) == (size_t)16777215 << 40);
	REQUIRE(parsed("16777216T", 0) == KEPT);
	REQUIRE(parsed("18446744073709551616", 0) == KEPT);
	REQUIRE(parsed("18014398509481984K", 0) == KEPT);
	REQUIRE(parsed("1048575", 0) == KEPT);
	REQUIRE(parsed("", 0) == KEPT);
	REQUIRE(parsed("M", 0) == KEPT);
	REQUIRE(parsed("1MK", 0) == KEPT);
	REQUIRE(parsed("1P", 0) == KEPT);
	REQUIRE(parsed("-1M", 0) == KEPT);
}

static void percentages(void)
{
	size_t whole = (size_t)200 << 20;

	REQUIRE(parsed("100%", whole) == whole);
	REQUIRE(parsed("1%", whole) == whole / 100);
	REQUIRE(parsed("080%", whole) == whole / 5 * 4);
	REQUIRE(parsed("33%", (size_t)1 << 30) == ((size_t)33 << 30) / 100);
	REQUIRE(parsed("100%", SIZE_MAX) == SIZE_MAX);
	REQUIRE(parsed("50%", SIZE_MAX) == SIZE_MAX / 2);
	REQUIRE(parsed("0%", whole) == KEPT);
	REQUIRE(parsed("101%", whole) == KEPT);
	REQUIRE(parsed("18446744073709551617%", whole) == KEPT);
	REQUIRE(parsed("50%%", whole) == KEPT);
	REQUIRE(parsed("%", whole) == KEPT);
	REQUIRE(parsed("50M%", whole) == KEPT);
	REQUIRE(parsed("1%", (size_t)99 << 20) == KEPT); /* less than the smallest */
}

static void boot(void *arg)
{
	const char *const *values = arg;

	REQUIRE(setenv("HALLOC_LIMIT", values[0], 1) == 0);
	REQUIRE(setenv("HALLOC_PRESSURE", values[1], 1) == 0);
	options_boot();
	limit_boot();
	REQUIRE(limit_bytes == strtoull(values[2], NULL, 10));
	REQUIRE(limit_watches == (*values[3] == '1'));
	if (limit_watches) {
		/* It looks now; then not for a while. */
		errno = 17;
		limit_pressed(1000);
		REQUIRE(!limit_pressed(1001));
		REQUIRE(errno == 17);
	}
}

int main(void)
{
#define NONE "18446744073709551615"
	const char *const cases[][4] = {
	        {"", "auto", NONE, "0"},       {"2M", "auto", "2097152", "1"},
	        {"2M", "off", "2097152", "0"}, {"", "on", NONE, "1"},
	        {"", "off", NONE, "0"},
	};
	const char *const bad[] = {"2X", "auto", NONE, "0"};

	sizes();
	percentages();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		REQUIRE(child_run(boot, (void *)(uintptr_t)cases[i]) == 0);
		REQUIRE(child_said[0] == '\0');
	}
	REQUIRE(child_run(boot, (void *)(uintptr_t)bad) == 0);
	REQUIRE(strncmp(child_said, "halloc: warning: HALLOC_LIMIT: \"2X\" ", 36) == 0);
	REQUIRE(strchr(child_said, '\n') == child_said + strlen(child_said) - 1);
	return 0;
}
