/* A child made past fork's handlers, by the system call alone, still has a heap. */
#include "test.h"
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

int main(void)
{
	char *block = malloc(100);

	fill(block, 100, 1);
	for (int i = 0; i < 50; i++) {
		int status;
		pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);

		if (child == 0) {
			REQUIRE(filled(block, 100, 1));
			for (size_t size = 1; size < 3000000; size = size * 2 + 1)
				REQUIRE((block = realloc(block, size)));
			free(block);
			_exit(5);
		}
		REQUIRE(waitpid(child, &status, 0) == child);
		REQUIRE(WIFEXITED(status));
		REQUIRE(WEXITSTATUS(status) == 5);
	}
	return 0;
}
