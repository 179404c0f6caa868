/* Libraries with thread-local storage come and go, while long-lived threads allocate and use it: the loader
 * itself allocates, resizes and frees in each of them.
 * loads: tls plugin */
#include "plugins.h"
#include <pthread.h>

enum { THREADS = 4, ROUNDS = 300 };

static pthread_rwlock_t library_lock = PTHREAD_RWLOCK_INITIALIZER;
static int (*touch_now)(void);
static unsigned generation; /* of the library, whose counters start anew */
static int stop;
static unsigned touched;

static void *work(void *arg)
{
	uint32_t random = (uint32_t)(uintptr_t)arg;
	char *held[100] = {NULL}, counter = 0;
	unsigned seen = 0;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		for (int i = 0; i < 50; i++) {
			unsigned slot = next_random(&random) % 100;
			if (held[slot])
				REQUIRE(filled(held[slot], 10 + slot * 50, slot));
			free(held[slot]);
			fill(held[slot] = malloc(10 + slot * 50), 10 + slot * 50, slot);
		}
		pthread_rwlock_rdlock(&library_lock);
		if (touch_now) {
			counter = seen == generation ? (char)(counter + 1) : 42;
			seen = generation;
			REQUIRE(touch_now() == counter);
			__atomic_fetch_add(&touched, 1, __ATOMIC_RELAXED);
		}
		pthread_rwlock_unlock(&library_lock);
	}
	for (int i = 0; i < 100; i++)
		free(held[i]);
	return NULL;
}

static void *open_library(const char *name, int flags)
{
	void *opened = dlopen(plugin_path(name), flags);

	if (!opened)
		fprintf(stderr, "%s\n", dlerror());
	REQUIRE(opened);
	return opened;
}

static void touch_set(void *symbol)
{
	pthread_rwlock_wrlock(&library_lock);
	touch_now = (int (*)(void))(uintptr_t)symbol;
	generation++;
	pthread_rwlock_unlock(&library_lock);
}

int main(void)
{
	pthread_rwlockattr_t fair;
	pthread_t threads[THREADS];
	size_t settled = 0, last;

	pthread_rwlockattr_init(&fair);
	pthread_rwlockattr_setkind_np(&fair, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&library_lock, &fair);
	for (uintptr_t i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&threads[i], NULL, work, (void *)(i + 1)) == 0);
	for (int round = 0; round < ROUNDS; round++) {
		void *tls = open_library("tls", round % 2 ? RTLD_NOW : RTLD_LAZY | RTLD_GLOBAL);
		unsigned before = __atomic_load_n(&touched, __ATOMIC_RELAXED);

		touch_set(dlsym(tls, "touch_tls"));
		while (__atomic_load_n(&touched, __ATOMIC_RELAXED) - before < THREADS)
			REQUIRE(dlclose(open_library("plugin", RTLD_NOW)) == 0);
		touch_set(NULL);
		REQUIRE(dlclose(tls) == 0);
		REQUIRE(!dlopen("/nowhere/libnone.so",
		                RTLD_NOW)); /* an error's text is on the heap */
		REQUIRE(dlerror());
		if (round == ROUNDS / 4)
			settled = resident_bytes();
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	last = resident_bytes();
	fprintf(stderr, "resident KB: %zu, then %zu\n", settled >> 10, last >> 10);
	REQUIRE(last < settled + (2 << 20));
	return 0;
}
