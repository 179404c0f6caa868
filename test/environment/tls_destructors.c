/* Destructors of thread-local objects (C++'s way) and cleanup handlers of cancelled threads allocate and
 * free to the very end of their thread, and after the library's own cache of it is gone. */
#include "test.h"
#include <pthread.h>

enum { THREADS = 2000, SETTLED = 400, OBJECTS = 40 };

extern void *__dso_handle;
int __cxa_thread_atexit_impl(void (*destroy)(void *), void *object, void *dso);

struct object {
	unsigned number;
	char *block;
};

static pthread_key_t late;
static unsigned destroyed, cleaned;

static size_t size_of(unsigned number)
{
	return number % 20 == 7 ? 100000 : 1 + number * 91 % 1500;
}

static void make(unsigned number);

/* Half of the destructors make one object more, which is destroyed next. */
static void destroy(void *arg)
{
	struct object *object = arg;
	unsigned number = object->number;

	REQUIRE(filled(object->block, size_of(number) % 2000, number));
	free(object->block);
	free(object);
	if (number % 2 == 1)
		make(number + 1001);
	if (number == 4)
		pthread_setspecific(late,
		                    malloc(300)); /* its destructor runs after the library's */
	__atomic_fetch_add(&destroyed, 1, __ATOMIC_RELAXED);
}

static void make(unsigned number)
{
	struct object *object = malloc(sizeof *object);

	object->number = number;
	object->block = malloc(size_of(number));
	fill(object->block, size_of(number) % 2000, number);
	REQUIRE(__cxa_thread_atexit_impl(destroy, object, &__dso_handle) == 0);
}

static void destroy_late(void *block)
{
	block = realloc(block, 70000);
	for (size_t size = 1; size < 500000; size *= 4)
		free(calloc(1, size));
	free(block);
}

static void clean(void *block)
{
	REQUIRE(filled(block, 3000, 3));
	free(block);
	free(strdup("said in a cleanup handler"));
	__atomic_fetch_add(&cleaned, 1, __ATOMIC_RELAXED);
}

static void *work(void *arg)
{
	char *block = malloc(3000);

	fill(block, 3000, 3);
	for (unsigned i = 0; i < OBJECTS; i++)
		make(i);
	pthread_cleanup_push(clean, block);
	if (arg) { /* waits to be cancelled */
		for (;;)
			pause();
	}
	pthread_cleanup_pop(1);
	return NULL;
}

int main(void)
{
	size_t settled = 0, last;

	free(malloc(1));
	REQUIRE(pthread_key_create(&late, destroy_late) == 0);
	for (int i = 0; i < THREADS; i++) {
		bool cancelled = i % 3 == 0;
		pthread_t thread;
		void *left;
		REQUIRE(pthread_create(&thread, NULL, work, cancelled ? &settled : NULL) == 0);
		if (cancelled)
			REQUIRE(pthread_cancel(thread) == 0);
		REQUIRE(pthread_join(thread, &left) == 0);
		REQUIRE(left == (cancelled ? PTHREAD_CANCELED : NULL));
		if (i == SETTLED)
			settled = resident_bytes();
	}
	/* each of the odd ones made an even one more */
	REQUIRE(destroyed == THREADS * (OBJECTS + OBJECTS / 2));
	REQUIRE(cleaned == THREADS);
	last = resident_bytes();
	fprintf(stderr, "resident KB: %zu, then %zu\n", settled >> 10, last >> 10);
	REQUIRE(last < settled + (512 << 10));
	return 0;
}
