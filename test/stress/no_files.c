/* A program that has forbidden itself to open files, on pain of death, allocates, frees, has memory go back, and makes
 * threads. */
#include "test.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { BLOCKS = 2000, BLOCK_BYTES = 60000, LARGE_BYTES = 100 << 20 };

static void files_forbid(void)
{
	struct sock_filter filter[] = {
	        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof filter / sizeof *filter, filter};

	REQUIRE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(0); /* a system without it */
}

static void *work(void *unused)
{
	for (unsigned round = 0; round < 4; round++) {
		usleep(200000);
		for (size_t size = 0; size < 20000; size += 7)
			free(malloc(size));
	}
	malloc_trim(0);
	return unused;
}

int main(void)
{
	static char *blocks[BLOCKS];
	char *grown = NULL;
	pthread_t thread;

	files_forbid();
	for (unsigned i = 0; i < BLOCKS; i++) {
		blocks[i] = malloc(BLOCK_BYTES);
		REQUIRE(blocks[i] != NULL);
		memset(blocks[i], 1, BLOCK_BYTES);
	}
	for (size_t size = 100; size < LARGE_BYTES; size *= 2) {
		grown = realloc(grown, size);
		REQUIRE(grown != NULL);
		memset(grown, 1, size);
	}
	for (unsigned i = 0; i < BLOCKS; i += 2)
		free(blocks[i]);
	REQUIRE(pthread_create(&thread, NULL, work, NULL) == 0);
	work(NULL);
	REQUIRE(pthread_join(thread, NULL) == 0);
	free(realloc(grown, 3 << 20));
	malloc_trim(0);
	return 0;
}
