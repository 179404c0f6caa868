/* After its start the library lives on a handful of system calls, and survives a refused madvise. */
#include "test.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define ALLOW(call)                                            \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), \
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSE(call)                                           \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), \
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

static void sandbox(void)
{
	struct sock_filter filter[] = {
	        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	        ALLOW(mmap),
	        ALLOW(munmap),
	        ALLOW(mprotect),
	        ALLOW(mremap),
	        ALLOW(futex),
	        ALLOW(write),
	        ALLOW(exit_group),
	        REFUSE(madvise),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = {sizeof filter / sizeof *filter, filter};

	REQUIRE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(0); /* a system without it */
}

int main(void)
{
	static char *blocks[20000];

	for (size_t i = 0; i < 100; i++)
		free(malloc(i * 100));
	sandbox();
	for (int round = 0; round < 5; round++) {
		for (unsigned i = 0; i < 20000; i++)
			fill(blocks[i] = calloc(1, i % 2000 + 1), i % 2000 + 1, i);
		for (unsigned i = 0; i < 20000; i++) {
			REQUIRE(filled(blocks[i], i % 2000 + 1, i));
			free(blocks[i]);
		}
		for (size_t size = 1; size < 100000000; size *= 2)
			blocks[0] = realloc(size > 1 ? blocks[0] : NULL, size);
		REQUIRE(blocks[0]);
		free(blocks[0]);
	}
	_exit(0);
}
