/* Boxes: what is put comes out once, in order; a full one takes no more; many put while others take; the child of a
 * fork finds nobody at them.
 * links: mail page_b pool array os machine clock lock report */
#include "mail.h"
#include "os.h"
#include "page_b.h"
#include "test.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>

enum { PARCEL = 16, SLOTS = 400000, PUTTERS = 3, FORKS = 300 };

static struct mail *box;
static uint8_t states[PUTTERS * SLOTS]; /* how often each came out */
static pthread_mutex_t arena_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned putters_left = PUTTERS;
static bool over;

static void parcel_fill(struct slot *slots, unsigned first)
{
	for (unsigned i = 0; i < PARCEL; i++)
		slots[i] = (struct slot){.ptr = &slots[i], .state = &states[first + i]};
}

static void in_order(void)
{
	struct slot parcel[PARCEL];
	const struct slot *slots = NULL;

	parcel_fill(parcel, 0);
	REQUIRE(mail_count(box) == 0);
	REQUIRE(mail_put(&box, parcel, PARCEL));
	REQUIRE(box != NULL);
	REQUIRE(mail_count(box) == PARCEL);
	REQUIRE(mail_put(&box, parcel, 1));
	REQUIRE(mail_count(box) == PARCEL + 1);
	REQUIRE(mail_take(box, &slots) == PARCEL + 1);
	REQUIRE(memcmp(slots, parcel, sizeof parcel) == 0);
	REQUIRE(memcmp(&slots[PARCEL], parcel, sizeof *parcel) == 0);
	REQUIRE(mail_count(box) == 0);
	REQUIRE(mail_take(box, &slots) == 0);
}

/* Returns: how many parcels a box takes until it is full. */
static unsigned fill_up(const struct slot *parcel)
{
	unsigned parcels = 0;

	while (mail_put(&box, parcel, PARCEL))
		parcels++;
	return parcels;
}

static void full(void)
{
	struct slot parcel[PARCEL];
	const struct slot *slots, *others;

	parcel_fill(parcel, 0);
	unsigned room = fill_up(parcel);
	REQUIRE(room > 1);
	REQUIRE(fill_up(parcel) == 0);
	REQUIRE(mail_take(box, &slots) >= room * PARCEL);
	/* what was taken out stays as it is while others put */
	struct slot other = {.ptr = NULL, .state = states};
	REQUIRE(mail_put(&box, &other, 1));
	REQUIRE(memcmp(slots, parcel, sizeof parcel) == 0);
	REQUIRE(mail_take(box, &others) == 1);
	REQUIRE(others[0].ptr == NULL);
	REQUIRE(fill_up(parcel) == room);
	REQUIRE(mail_take(box, &slots) == room * PARCEL);
}

/* As whoever has the arena's lock. */
static unsigned take_all(void)
{
	const struct slot *slots;

	REQUIRE(pthread_mutex_lock(&arena_lock) == 0);
	unsigned count = mail_take(box, &slots);
	for (unsigned i = 0; i < count; i++)
		++*slots[i].state;
	REQUIRE(pthread_mutex_unlock(&arena_lock) == 0);
	return count;
}

static void *put_all(void *arg)
{
	unsigned first = *(unsigned *)arg * SLOTS;
	struct slot parcel[PARCEL];

	for (unsigned done = 0; done < SLOTS; done += PARCEL) {
		parcel_fill(parcel, first + done);
		while (!mail_put(&box, parcel, PARCEL))
			take_all();
	}
	__atomic_fetch_sub(&putters_left, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void *take_until_done(void *arg)
{
	(void)arg;
	while (__atomic_load_n(&putters_left, __ATOMIC_ACQUIRE) != 0)
		take_all();
	return NULL;
}

static void races(void)
{
	pthread_t putters[PUTTERS], taker;
	unsigned numbers[PUTTERS];

	memset(states, 0, sizeof states);
	REQUIRE(pthread_create(&taker, NULL, take_until_done, NULL) == 0);
	for (unsigned i = 0; i < PUTTERS; i++) {
		numbers[i] = i;
		REQUIRE(pthread_create(&putters[i], NULL, put_all, &numbers[i]) == 0);
	}
	for (unsigned i = 0; i < PUTTERS; i++)
		REQUIRE(pthread_join(putters[i], NULL) == 0);
	REQUIRE(pthread_join(taker, NULL) == 0);
	take_all();
	for (unsigned i = 0; i < PUTTERS * SLOTS; i++)
		REQUIRE(states[i] == 1);
}

static void *put_until_over(void *arg)
{
	struct slot parcel[PARCEL];

	(void)arg;
	parcel_fill(parcel, 0);
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED))
		mail_put(&box, parcel, PARCEL);
	return NULL;
}

/* In the child: the box serves, whatever its threads were at. */
static int child_is_served(void)
{
	const struct slot *slots;
	struct slot slot = {.ptr = &slot, .state = states};

	mail_fork_child(box);
	mail_take(box, &slots);
	if (!mail_put(&box, &slot, 1) || mail_take(box, &slots) != 1 || slots[0].ptr != &slot)
		return 1;
	return 0;
}

static void forks(void)
{
	pthread_t putter;

	mail_fork_child(NULL);
	REQUIRE(pthread_create(&putter, NULL, put_until_over, NULL) == 0);
	for (unsigned i = 0; i < FORKS; i++) {
		int status = -1;
		take_all();
		pid_t child = fork();
		REQUIRE(child >= 0);
		if (child == 0)
			_exit(child_is_served());
		REQUIRE(waitpid(child, &status, 0) == child);
		REQUIRE(status == 0);
	}
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	REQUIRE(pthread_join(putter, NULL) == 0);
}

int main(void)
{
	os_boot();
	REQUIRE(page_b_boot());
	in_order();
	full();
	races();
	forks();
	return 0;
}
