/* Started with any of descriptors 0 to 2 closed, or with none left to open: the library keeps none of
 * them, writes to no file that got one of their numbers, and runs. */
#include "test.h"
#include <limits.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void use_heap(void)
{
	void *blocks[300];

	for (size_t i = 0; i < 300; i++)
		REQUIRE((blocks[i] = malloc(i * i * 5)));
	for (int i = 0; i < 300; i++)
		free(blocks[i]);
	for (size_t size = 1; size < 10000000; size *= 3)
		REQUIRE((blocks[0] = realloc(size > 1 ? blocks[0] : NULL, size)));
	free(blocks[0]);
	errno = 0;
	REQUIRE(!malloc(PTRDIFF_MAX));
	REQUIRE(errno == ENOMEM);
}

/* The program with the descriptors of mask closed: files that it opens get their numbers. */
static void be_closed(int mask, const char *path)
{
	static const char text[] = "the program's own words\n";

	for (int fd = 0; fd < 3; fd++)
		if (mask & 1 << fd)
			REQUIRE(fcntl(fd, F_GETFD) == -1 && errno == EBADF);
	for (int fd = 0; fd < 3; fd++)
		if (mask & 1 << fd)
			REQUIRE(open(path, O_WRONLY | O_APPEND) == fd);
	use_heap();
	for (int fd = 0; fd < 3; fd++)
		if (mask & 1 << fd)
			REQUIRE(write(fd, text, sizeof text - 1) == sizeof text - 1);
	exit(0);
}

/* Runs this program again without the descriptors of mask.
 * Returns: what the files that took their numbers hold at its end, in bytes. */
static off_t run(int mask, const char *option, const char *value)
{
	char path[PATH_MAX], text[20];
	int status, file;
	off_t bytes;
	pid_t child;

	snprintf(path, sizeof path, "%s/closed.XXXXXX", getenv("TMPDIR") ?: "/tmp");
	file = mkstemp(path);
	REQUIRE(file >= 0);
	child = fork();
	REQUIRE(child >= 0);
	if (child == 0) {
		if (option)
			REQUIRE(setenv(option, value, 1) == 0);
		sprintf(text, "%d", mask);
		for (int fd = 0; fd < 3; fd++)
			if (mask & 1 << fd)
				close(fd);
		REQUIRE(fcntl(file, F_SETFD, FD_CLOEXEC) == 0);
		execl("/proc/self/exe", "closed_streams", text, path, (char *)NULL);
		_exit(9);
	}
	REQUIRE(waitpid(child, &status, 0) == child);
	bytes = lseek(file, 0, SEEK_END);
	close(file);
	unlink(path);
	if (status)
		fprintf(stderr, "closed %d, %s=%s: status %#x\n", mask, option, value, status);
	REQUIRE(status == 0);
	return bytes;
}

/* No descriptor is to be had at all. */
static void *use_in_thread(void *arg)
{
	use_heap();
	return arg;
}

static void without_descriptors(void)
{
	struct rlimit none = {0, 0};
	pid_t child = fork();
	int status;

	REQUIRE(child >= 0);
	if (child == 0) {
		REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
		use_in_thread(NULL);
		_exit(0);
	}
	REQUIRE(waitpid(child, &status, 0) == child && status == 0);
}

int main(int count, char **arguments)
{
	static const char *const options[][2] = {
	        {NULL, NULL},
	        {"HALLOC_ARENAS", "a warning at the start"},
	        {"HALLOC_STATS", "1"},
	        {"HALLOC_LIMIT", "90%"},
	        {"HALLOC_PRESSURE", "on"},
	};
	const off_t words = (off_t)strlen("the program's own words\n");

	if (count > 2)
		be_closed(atoi(arguments[1]), arguments[2]);
	for (int mask = 1; mask < 8; mask++)
		for (size_t i = 0; i < sizeof options / sizeof *options; i++)
			REQUIRE(run(mask, options[i][0], options[i][1]) ==
			        words * __builtin_popcount((unsigned)mask));
	without_descriptors();
	return 0;
}
