/* A process forks while another of its threads opens a library: in the child, where nobody does, a mismatch is told.
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1
 * timeout: 20 */
#include "test.h"
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char fifo[4096];

/* The loader waits for somebody to write. */
static void *opens(void *arg)
{
	dlopen(fifo, RTLD_NOW);
	return arg;
}

int main()
{
	pthread_t thread;
	int status;

	snprintf(fifo, sizeof fifo, "%s/fifo", getenv("TMPDIR"));
	unlink(fifo);
	REQUIRE(mkfifo(fifo, 0600) == 0);
	REQUIRE(pthread_create(&thread, NULL, opens, NULL) == 0);
	usleep(200000);
	pid_t child = fork();
	REQUIRE(child >= 0);
	if (child == 0) {
		delete (int *)malloc(sizeof(int));
		_exit(0);
	}
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(WIFSIGNALED(status));
	REQUIRE(WTERMSIG(status) == SIGABRT);
	_exit(0); /* the other thread waits on */
}
