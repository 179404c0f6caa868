/* A thread ends without its destructors, and its stack, with what is local to it, is unmapped: nobody looks there for what
 * it has at hand.
 * modes: HALLOC_HARDENED=0 */
#include "test.h"

#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

enum { STACK_BYTES = 256 << 10, BLOCKS = 100 };

static volatile int vanishing;

static void *vanish(void *arg)
{
	void *blocks[BLOCKS];

	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = malloc(100);
	for (int i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	__atomic_store_n(&vanishing, (int)gettid(), __ATOMIC_RELEASE);
	syscall(SYS_exit, 0);
	return arg;
}

static int vanishing_now(void)
{
	return __atomic_load_n(&vanishing, __ATOMIC_ACQUIRE);
}

int main(void)
{
	pthread_attr_t attributes;
	pthread_t thread;
	char *stack =
	        mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	REQUIRE(stack != MAP_FAILED);
	free(malloc(100));
	REQUIRE(pthread_attr_init(&attributes) == 0);
	REQUIRE(pthread_attr_setstack(&attributes, stack, STACK_BYTES) == 0);
	REQUIRE(pthread_create(&thread, &attributes, vanish, NULL) == 0);
	while (vanishing_now() == 0 || syscall(SYS_tgkill, getpid(), vanishing_now(), 0) == 0)
		sched_yield();
	REQUIRE(munmap(stack, STACK_BYTES) == 0);
	malloc_trim(0);
	for (int i = 0; i < BLOCKS; i++)
		free(malloc(100000));
	malloc_trim(0);
	_exit(0);
}
