/* A sandbox that refuses to block signals, and to say which wait, as tor's does: a line is written all the same, and the
 * signals that the thread has blocked stay those.
 * run: HALLOC_ON_ERROR=report */
#include "test.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static void sandbox(void)
{
	struct sock_filter filter[] = {
	        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigpending, 3, 0),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigprocmask, 0, 3),
	        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SIG_BLOCK, 0, 1),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof filter / sizeof *filter, filter};

	REQUIRE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(0); /* a system without it */
}

/* What lies on the stack is what others left there. */
static __attribute__((noinline)) void leave_signals(void)
{
	volatile char left[32 << 10];

	for (size_t i = 0; i < sizeof left; i++)
		left[i] = 0x55;
}

int main(void)
{
	void *volatile block = malloc(100);
	sigset_t mask;

	sandbox();
	free(block);
	leave_signals();
	free(block);
	REQUIRE(sigprocmask(SIG_SETMASK, NULL, &mask) == 0);
	for (int signal = 1; signal < SIGRTMAX; signal++)
		REQUIRE(sigismember(&mask, signal) != 1);
	return 0;
}
