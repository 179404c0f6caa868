/*
 * model.c - feeds a target of test/fuzz its corpus and seeded bytes, in place of libFuzzer.
 *
 * usage: model_NAME            the corpus, then the seeds, under each of the modes
 *        model_NAME FILE...    these, under the present environment
 *        model_NAME --seed N   writes the bytes of a seed to stdout
 *        model_NAME --modes    prints the modes, a line each
 */
#include "test.h"
#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>

/* Of the target: see test/fuzz/model.h. */
extern const char *const model_modes[];
extern const unsigned model_seeds;
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

enum { SEED_BYTES = 1500, FILE_BYTES_MAX = 1 << 16 };

static char running[400] = "nothing yet";

/* Says which bytes it was that failed, and lets the signal go on. */
static void failed(int number)
{
	dprintf(STDERR_FILENO, "while running %s under %s\n", running, getenv("MODEL_MODE"));
	signal(number, SIG_DFL);
	raise(number);
}

static void seed_bytes(unsigned seed, uint8_t *bytes)
{
	uint32_t random = 2463534242u + seed * 7919u;

	for (unsigned i = 0; i < SEED_BYTES; i++)
		bytes[i] = (uint8_t)(next_random(&random) >> 7);
}

static void run_file(const char *path)
{
	static uint8_t bytes[FILE_BYTES_MAX];
	int file = open(path, O_RDONLY | O_CLOEXEC);

	REQUIRE(file >= 0);
	ssize_t count = read(file, bytes, sizeof bytes);
	REQUIRE(count >= 0);
	close(file);
	snprintf(running, sizeof running, "%s", path);
	LLVMFuzzerTestOneInput(bytes, (size_t)count);
}

static unsigned run_corpus(const char *name)
{
	char path[300];
	unsigned files = 0;

	snprintf(path, sizeof path, "test/fuzz/corpus/%s", name);
	DIR *directory = opendir(path);
	REQUIRE(directory);
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "test/fuzz/corpus/%s/%.200s", name, entry->d_name);
		run_file(path);
		files++;
	}
	closedir(directory);
	return files;
}

static void run_all(const char *name)
{
	uint8_t bytes[SEED_BYTES];

	REQUIRE(run_corpus(name) > 0);
	for (unsigned seed = 1; seed <= model_seeds; seed++) {
		seed_bytes(seed, bytes);
		snprintf(running, sizeof running, "--seed %u", seed);
		LLVMFuzzerTestOneInput(bytes, sizeof bytes);
	}
}

/* A process a mode, as settings are read once. Returns: whether it ended well. */
static bool run_mode(char **argv, const char *mode)
{
	char *setting = strdup(mode);
	int status = 0;
	pid_t child = fork();

	REQUIRE(child >= 0);
	if (child == 0) {
		putenv(setting);
		setenv("MODEL_MODE", mode, 1);
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	free(setting);
	REQUIRE(waitpid(child, &status, 0) == child);
	return status == 0;
}

int main(int argc, char **argv)
{
	bool ok = true;
	const char *name = strrchr(argv[0], '/');

	name = name == NULL ? argv[0] : name + 1;
	if (argc == 3 && strcmp(argv[1], "--seed") == 0) {
		uint8_t bytes[SEED_BYTES];
		seed_bytes((unsigned)atoi(argv[2]), bytes);
		return write(STDOUT_FILENO, bytes, sizeof bytes) != sizeof bytes;
	}
	if (argc == 2 && strcmp(argv[1], "--modes") == 0) {
		for (unsigned i = 0; model_modes[i] != NULL; i++)
			puts(model_modes[i]);
		return 0;
	}
	if (argc == 1 && getenv("MODEL_MODE") == NULL) {
		for (unsigned i = 0; model_modes[i] != NULL; i++)
			ok = run_mode(argv, model_modes[i]) && ok;
		return ok ? 0 : 1;
	}
	signal(SIGABRT, failed);
	signal(SIGSEGV, failed);
	for (int i = 1; i < argc; i++)
		run_file(argv[i]);
	if (argc == 1)
		run_all(name);
	return 0;
}
