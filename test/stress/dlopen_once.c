/* What cannot be opened is tried once, and the reason is to be had.
 * run: HALLOC_GUARD_COPIES=1
 * timeout: 60 */
#include "test.h"
#include <dlfcn.h>
#include <pthread.h>
#include <sys/stat.h>

enum { LATE_S = 20 };

static char fifo[4096];

/* It reads what one writer leaves: nothing. A second try would wait for another. */
static void *writes_once(void *arg)
{
	REQUIRE(close(open(fifo, O_WRONLY)) == 0);
	return arg;
}

int main(void)
{
	pthread_t thread;

	alarm(LATE_S);
	snprintf(fifo, sizeof fifo, "%s/fifo", getenv("TMPDIR"));
	unlink(fifo); /* of another mode */
	REQUIRE(mkfifo(fifo, 0600) == 0);
	REQUIRE(pthread_create(&thread, NULL, writes_once, NULL) == 0);
	REQUIRE(dlopen(fifo, RTLD_NOW) == NULL);
	const char *reason = dlerror();
	REQUIRE(reason != NULL);
	REQUIRE(strstr(reason, "too short") != NULL);
	REQUIRE(pthread_join(thread, NULL) == 0);
	return 0;
}
