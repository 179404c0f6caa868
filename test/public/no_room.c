/* Where the system has no room even for the heap of the process, nothing is made: ENOMEM, which is no fault of the
 * arguments. */
#include "halloc.h"
#include "test.h"
#include <sys/resource.h>
#include <sys/wait.h>

enum { HAS_ROOM, HAS_NONE, IS_WRONG, STEP_BYTES = 256 << 10 };

#define FAILS(call)                      \
	do {                             \
		errno = 0;               \
		if (call)                \
			return IS_WRONG; \
		if (errno != ENOMEM)     \
			return IS_WRONG; \
	} while (0)

static int look(void)
{
	struct heap *heap;
	void *ptr = halloc(100);

	if (ptr != NULL)
		return HAS_ROOM;
	FAILS((heap = heap_create(0, 0)) != NULL);
	FAILS((heap = heap_create(0, 1)) != NULL);
	FAILS((ptr = halloc(100)) != NULL);
	FAILS(hprint(STDOUT_FILENO) != -1);
	errno = 0;
	return heap_create(0, 3) == NULL && errno == EINVAL ? HAS_NONE : IS_WRONG;
}

/* Returns: what this program finds when it may map so many bytes; another number where it does not even start. */
static int look_within(size_t bytes)
{
	struct rlimit limit = {bytes, bytes};
	int status;
	pid_t child = fork();

	REQUIRE(child >= 0);
	if (child == 0) {
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
		execl("/proc/self/exe", "look", "look", (char *)NULL);
		_exit(127);
	}
	REQUIRE(waitpid(child, &status, 0) == child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

int main(int argc, char **argv)
{
	size_t bytes = (size_t)32 << 20;
	int found = HAS_ROOM;

	(void)argv;
	if (argc > 1)
		return look();
	for (; bytes > STEP_BYTES && found == HAS_ROOM; bytes -= STEP_BYTES)
		found = look_within(bytes);
	REQUIRE(found == HAS_NONE);
	return 0;
}
