/* Values, bad values, unknown names: one warning line each, naming the option; the default stays.
 * links: options report */
#include "options.h"
#include "child.h"

struct given {
	const char *name, *value;
	uint64_t purge_after_ms, arenas, on_error; /* what must come of it */
	const char *stats;
};

/* Returns: how many lines text has. */
static int lines(const char *text)
{
	int count = 0;

	for (; *text != '\0'; text++)
		count += *text == '\n';
	return count;
}

static void boot(void *arg)
{
	const struct given *given = arg;

	if (given->name != NULL)
		REQUIRE(setenv(given->name, given->value, 1) == 0);
	options_boot();
	REQUIRE(options.purge_after_ms == given->purge_after_ms);
	REQUIRE(options.arenas == given->arenas);
	REQUIRE(options.on_error == given->on_error);
	REQUIRE(strcmp(options.stats, given->stats) == 0);
}

static void taken(struct given given)
{
	REQUIRE(child_run(boot, &given) == 0);
	REQUIRE(child_said[0] == '\0');
}

/* Refused with one line that names the option and shows the value. */
static void refused(const char *name, const char *value)
{
	struct given given = {name, value, 500, 0, 0, ""};

	REQUIRE(child_run(boot, &given) == 0);
	if (lines(child_said) != 1)
		fprintf(stderr, "for %s=%.40s: %s\n", name, value, child_said);
	REQUIRE(lines(child_said) == 1);
	REQUIRE(strncmp(child_said, "halloc: warning: ", 17) == 0);
	REQUIRE(strstr(child_said, name) != NULL);
	REQUIRE(strstr(child_said, "default") != NULL ||
	        strstr(child_said, "not an option") != NULL);
}

static void no_environment(void *arg)
{
	(void)arg;
	environ = NULL;
	options_boot();
	REQUIRE(options.purge_after_ms == 500);
}

/* Strange entries that a program may be started with. */
static void odd_environment(void *arg)
{
	static char entries[][20] = {"HALLOC_", "HALLOC_ARENAS", "=x",
	                             "",        "HALLOCX=1",     "halloc_arenas=9"};
	static char *places[7];

	(void)arg;
	for (int i = 0; i < 6; i++)
		places[i] = entries[i];
	environ = places;
	options_boot();
	REQUIRE(options.arenas == 0);
}

int main(void)
{
	char longest[300];

	taken((struct given){NULL, NULL, 500, 0, 0, ""});
	taken((struct given){"HALLOC_PURGE_AFTER_MS", "0", 0, 0, 0, ""});
	taken((struct given){"HALLOC_PURGE_AFTER_MS", "3600000", 3600000, 0, 0, ""});
	taken((struct given){"HALLOC_PURGE_AFTER_MS", "0007", 7, 0, 0, ""});
	taken((struct given){"HALLOC_ARENAS", "255", 500, 255, 0, ""});
	taken((struct given){"HALLOC_arenas", "3", 500, 3, 0, ""});
	taken((struct given){"HALLOC_ON_ERROR", "report", 500, 0, 1, ""});
	taken((struct given){"HALLOC_ON_ERROR", "abort", 500, 0, 0, ""});
	taken((struct given){"HALLOC_STATS", "1", 500, 0, 0, "1"});
	taken((struct given){"HALLOC_STATS", "", 500, 0, 0, ""});
	taken((struct given){"HALLOC_LIB", "/anywhere", 500, 0, 0, ""});
	memset(longest, 'x', sizeof longest);
	longest[255] = '\0';
	taken((struct given){"HALLOC_STATS", longest, 500, 0, 0, longest});

	refused("HALLOC_PURGE_AFTER_MS", "");
	refused("HALLOC_PURGE_AFTER_MS", "3600001");
	refused("HALLOC_PURGE_AFTER_MS", "-1");
	refused("HALLOC_PURGE_AFTER_MS", "+1");
	refused("HALLOC_PURGE_AFTER_MS", " 1");
	refused("HALLOC_PURGE_AFTER_MS", "1 ");
	refused("HALLOC_PURGE_AFTER_MS", "1ms");
	refused("HALLOC_PURGE_AFTER_MS", "0x10");
	refused("HALLOC_PURGE_AFTER_MS", "18446744073709551616");
	refused("HALLOC_PURGE_AFTER_MS", "18446744073709552116"); /* 2^64 + 500 */
	refused("HALLOC_PURGE_AFTER_MS", "99999999999999999999999999999999999999");
	refused("HALLOC_ARENAS", "256");
	refused("HALLOC_ON_ERROR", "");
	refused("HALLOC_ON_ERROR", "abort report");
	refused("HALLOC_ON_ERROR", "abor");
	refused("HALLOC_ON_ERROR", "Report!");
	refused("HALLOC_NO_SUCH_THING", "1");
	refused("HALLOC_ARENA", "1");
	refused("HALLOC_ARENASS", "1");
	memset(longest, 'x', sizeof longest);
	longest[256] = '\0';
	refused("HALLOC_STATS", longest);

	REQUIRE(child_run(no_environment, NULL) == 0);
	REQUIRE(child_said[0] == '\0');
	REQUIRE(child_run(odd_environment, NULL) == 0);
	REQUIRE(child_said[0] == '\0');
	return 0;
}
