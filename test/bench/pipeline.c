/* pipeline - producer and consumer: a thread allocates messages, another reads and frees them. */
#include "bench.h"
#include <sched.h>

enum { messages = 6000000, batch = 64, places = 64 };

struct parcel {
	char *messages[batch];
};

/* A ring between the two: each place is written by the one, then taken by the other. */
static struct parcel ring[places];
static unsigned long produced, consumed;

static unsigned long wait_until_below(const unsigned long *counter, unsigned long bound)
{
	unsigned long seen;

	while ((seen = __atomic_load_n(counter, __ATOMIC_ACQUIRE)) + bound <= produced)
		sched_yield();
	return seen;
}

static void produce(void)
{
	uint32_t seed = 3;

	for (unsigned i = 0; i < messages / batch; i++) {
		wait_until_below(&consumed, places);
		for (unsigned k = 0; k < batch; k++)
			ring[produced % places].messages[k] = allocate(random_size(&seed));
		__atomic_store_n(&produced, produced + 1, __ATOMIC_RELEASE);
	}
}

static void consume(void)
{
	for (unsigned i = 0; i < messages / batch; i++) {
		while (__atomic_load_n(&produced, __ATOMIC_ACQUIRE) == consumed)
			sched_yield();
		for (unsigned k = 0; k < batch; k++)
			free(ring[consumed % places].messages[k]);
		__atomic_store_n(&consumed, consumed + 1, __ATOMIC_RELEASE);
	}
}

static void *work(void *number)
{
	if ((uintptr_t)number == 1)
		produce();
	else
		consume();
	return NULL;
}

int main(void)
{
	run_threads(2, work);
	return 0;
}
