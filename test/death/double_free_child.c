/* expect: double free */
#include "test.h"
#include <signal.h>
#include <sys/wait.h>

int main(void)
{
	void *block = malloc(48);
	int status;

	free(block);
	if (fork() == 0) {
		crime(block);
		free(block);
		_exit(0);
	}
	REQUIRE(wait(&status) > 0);
	REQUIRE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	abort(); /* as the child */
}
