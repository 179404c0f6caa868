/* Hardened mode where memory or mappings are short: what waits in quarantine comes back before a request is
 * refused, and guards leave more than half of the mappings to the program.
 * run: HALLOC_HARDENED=1 */
#include "test.h"
#include <sys/resource.h>
#include <sys/wait.h>

static char *blocks[100000];

/* Takes blocks until there are no more, and frees them. Returns: how many. */
static size_t take_all(size_t size)
{
	size_t count = 0;

	while (count < sizeof blocks / sizeof *blocks && (blocks[count] = malloc(size)) != NULL)
		blocks[count++][size - 1] = 1;
	for (size_t i = 0; i < count; i++)
		free(blocks[i]);
	return count;
}

/* In a process that was started with the limit. */
static void short_of_memory(void)
{
	static const size_t sizes[] = {1 << 20, 1000, 300000, 30000, 1 << 20};
	size_t first = 0;

	for (int i = 0; i < 5; i++) {
		size_t count = take_all(sizes[i]);
		REQUIRE(count * sizes[i] > (40 << 20));
		for (int again = 0; again < 3; again++)
			REQUIRE(take_all(sizes[i]) >= count / 10 * 9);
		first = i == 0 ? count : first;
		REQUIRE(sizes[i] != sizes[0] || count >= first / 10 * 9);
	}
}

static size_t mappings(void)
{
	static char text[4096];
	size_t count = 0;
	ssize_t got;
	int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	REQUIRE(file >= 0);
	while ((got = read(file, text, sizeof text)) > 0)
		for (ssize_t i = 0; i < got; i++)
			count += text[i] == '\n';
	close(file);
	return count;
}

static void many_guards(void)
{
	for (int i = 0; i < 30000; i++)
		REQUIRE((blocks[i] = malloc(40000)) != NULL);
	REQUIRE(mappings() < 65530 / 2);
	for (int i = 0; i < 30000; i++)
		free(blocks[i]);
	REQUIRE(mappings() < 65530 / 2);
}

/* A page more or less must not matter. */
static unsigned pages_less;

static void again(void)
{
	execl("/proc/self/exe", "hardened_short", "limited", (char *)NULL);
	REQUIRE(!"exec");
}

static void limited(void)
{
	rlim_t bytes = (64 << 20) - pages_less * 4096;
	struct rlimit limit = {.rlim_cur = bytes, .rlim_max = bytes};

	REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
	again();
}

/* Guards are no memory: HALLOC_LIMIT does not count them. */
static void limited_by_option(void)
{
	REQUIRE(setenv("HALLOC_LIMIT", "64M", 1) == 0);
	again();
}

static void try(void (*act)(void))
{
	int status;
	pid_t child = fork();

	REQUIRE(child >= 0);
	if (child == 0) {
		act();
		_exit(0);
	}
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(status == 0);
}

int main(int count, char **arguments)
{
	(void)arguments;
	if (count > 1) {
		short_of_memory();
		return 0;
	}
	for (; pages_less < 16; pages_less++)
		try(limited);
	try(limited_by_option);
	try(many_guards);
	return 0;
}
