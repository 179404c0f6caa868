#!/bin/sh
# limit_kept - HALLOC_LIMIT: a program that asks until it is refused stays below it, hears of it in one
# line, and lives on.
# shellcheck disable=SC2015 # "A && B || C" is meant so
# shellcheck source=test/scripts/common
. test/scripts/common

build eat -O1 -fno-builtin -pthread <<'END' || { cat "$temporary/build.log"; exit 1; }
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)
#define LIMIT (64 * MIB)
#define REQUIRE(claim) \
	((claim) ? (void)0 : (dprintf(2, "line %d: not so: %s\n", __LINE__, #claim), _exit(1)))

struct block {
	struct block *next;
	size_t size;
};

/* Resident bytes of the process, without an allocation, and to the page: the count in statm is off by
 * some MiB where there are many processors. */
static size_t resident(void)
{
	static char text[4000];
	int fd = open("/proc/self/smaps_rollup", O_RDONLY);

	REQUIRE(fd >= 0 && read(fd, text, sizeof text - 1) > 0);
	close(fd);
	char *rss = strstr(text, "\nRss:");
	REQUIRE(rss != NULL);
	return strtoul(rss + strlen("\nRss:"), NULL, 10) * 1024;
}

static size_t own; /* what the process holds besides */

/* Takes blocks, filled, until one is refused. Returns: their usable bytes. */
static size_t eat(struct block **list, size_t size)
{
	size_t bytes = 0;

	for (;;) {
		errno = 0;
		struct block *block = malloc(size);
		if (block == NULL)
			break;
		memset(block, 1, size);
		*block = (struct block){*list, size};
		*list = block;
		bytes += malloc_usable_size(block);
		REQUIRE(bytes <= LIMIT);
	}
	REQUIRE(errno == ENOMEM);
	return bytes;
}

static void release(struct block **list)
{
	while (*list != NULL) {
		struct block *block = *list;
		*list = block->next;
		free(block);
	}
}

/* Room enough, and not too much. */
static void judge(const char *what, size_t bytes, size_t least)
{
	size_t now = resident();

	dprintf(1, "%s: %zu KiB live, %zu KiB resident\n", what, bytes / 1024, now / 1024);
	REQUIRE(bytes >= least);
	REQUIRE(now <= own + LIMIT + MIB);
}

static void *eat_thread(void *arg)
{
	struct block *list = NULL;

	eat(&list, (size_t)(uintptr_t)arg);
	return list;
}

int main(void)
{
	static const size_t sizes[] = {16, 100, 1000, 5000, 30000, 40000, 100000, MIB, 10 * MIB};
	struct block *list = NULL;

	own = resident();
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		/* Twice: with what the last size left behind; and a second size in what is left. */
		size_t size = sizes[i];
		size_t bytes = eat(&list, size);
		judge("alone", bytes, LIMIT / 4 * 3 - (size > MIB ? size : 0));
		bytes += eat(&list, 48);
		judge("with 48", bytes, LIMIT / 4 * 3);
		errno = 0;
		REQUIRE(calloc(1, 10 * MIB) == NULL && errno == ENOMEM);
		errno = 0;
		REQUIRE(memalign(MIB, 10 * MIB) == NULL && errno == ENOMEM);
		void *place = &list;
		REQUIRE(posix_memalign(&place, 4096, 10 * MIB) == ENOMEM && place == &list);
		release(&list);
	}
	/* More than the limit, and more than there is. */
	errno = 0;
	REQUIRE(malloc(LIMIT + 1) == NULL && errno == ENOMEM);
	errno = 0;
	REQUIRE(malloc(SIZE_MAX / 4) == NULL && errno == ENOMEM);
	free(malloc(LIMIT / 8 * 7));

	/* A block that grows, by the system's moving it, too. */
	char *grown = malloc(MIB);
	size_t size = MIB;
	memset(grown, 1, size);
	for (;;) {
		errno = 0;
		char *more = realloc(grown, size + MIB / 2);
		if (more == NULL)
			break;
		memset(more + size, (int)(size / (MIB / 2)), MIB / 2);
		grown = more;
		size += MIB / 2;
		REQUIRE(size <= LIMIT);
	}
	REQUIRE(errno == ENOMEM);
	judge("grown", size, LIMIT / 4 * 3);
	REQUIRE(malloc_usable_size(grown) >= size);
	for (size_t i = MIB; i < size; i++)
		REQUIRE(grown[i] == (char)(i / (MIB / 2)));
	grown = realloc(grown, MIB);
	REQUIRE(grown != NULL);
	size_t rest = eat(&list, 5000);
	judge("after the shrinking", rest, LIMIT / 4 * 3);
	free(grown);
	release(&list);

	/* A block in the way of growth in place, and no room for two: it stays as it is. */
	grown = malloc(LIMIT / 4 * 3);
	char *wall;
	do
		wall = malloc(40000);
	while (wall != NULL && wall < grown);
	REQUIRE(wall != NULL);
	memset(grown, 7, LIMIT / 4 * 3);
	errno = 0;
	char *refused = realloc(grown, LIMIT);
	REQUIRE(refused == NULL && errno == ENOMEM);
	for (size_t i = 0; i < LIMIT / 4 * 3; i++)
		REQUIRE(grown[i] == 7);
	/* A bit larger has to move, and its pages are not there twice. */
	size = LIMIT / 4 * 3;
	char *moved = realloc(grown, size + 6 * MIB);
	REQUIRE(moved != NULL && moved != grown);
	memset(moved + size, 7, 6 * MIB);
	judge("moved", size + 6 * MIB, size);
	for (size_t i = 0; i < size + 6 * MIB; i++)
		REQUIRE(moved[i] == 7);
	free(moved);
	free(wall);

	/* Small blocks, too. */
	rest = eat(&list, 40);
	char *small = (char *)list->next;
	memset(small + sizeof(struct block), 9, 40 - sizeof(struct block));
	errno = 0;
	REQUIRE(realloc(small, 5 * MIB) == NULL && errno == ENOMEM);
	for (size_t i = sizeof(struct block); i < 40; i++)
		REQUIRE(small[i] == 9);
	release(&list);

	/* Several threads share the limit. */
	pthread_t threads[4];
	struct block *lists[4];
	for (size_t i = 0; i < 4; i++)
		REQUIRE(pthread_create(&threads[i], NULL, eat_thread,
		                       (void *)(uintptr_t)(200 << 2 * i)) == 0);
	size_t all = 0;
	for (size_t i = 0; i < 4; i++) {
		void *result;
		REQUIRE(pthread_join(threads[i], &result) == 0);
		lists[i] = result;
		for (struct block *block = result; block != NULL; block = block->next)
			all += block->size;
	}
	judge("threads", all, LIMIT / 4 * 3);
	for (size_t i = 0; i < 4; i++)
		release(&lists[i]);
	rest = eat(&list, MIB);
	judge("after the threads", rest, LIMIT / 4 * 3);
	return 0;
}
END

for library in "$HALLOC_LIB" "$PWD/build/debug/libhalloc.so"; do
	[ -f "$library" ] || continue
	expect 0 env HALLOC_LIMIT=64M LD_PRELOAD="$library" "$temporary/eat"
	[ "$(wc -l <"$temporary/err")" -eq 1 ] || fail "not one line: $(head -n 5 "$temporary/err")"
	grep -Eq '^halloc: the limit of 67108864 bytes is reached, 16 more are refused; large blocks hold 0 bytes \(0\), slabs of 16-byte slots [0-9]{8} \([0-9]{7} live\); all slabs [0-9]{8}, Page B [0-9]+$' \
		"$temporary/err" || fail "the line: $(cat "$temporary/err")"
done

# the line names those that hold most, most first
build hold -O1 -fno-builtin <<'END' || { cat "$temporary/build.log"; exit 1; }
#include <stdlib.h>
int main(void)
{
	static const int megabytes[] = {1, 2, 4, 3, 6, 5};
	static const size_t sizes[] = {16, 64, 256, 1024, 4096, 16384};
	for (int i = 0; i < 6; i++)
		for (size_t n = 0; n < (size_t)megabytes[i] << 20; n += sizes[i])
			if (!malloc(sizes[i]))
				return 1;
	if (!malloc(1 << 20) || !malloc(2 << 20))
		return 2;
	return malloc(10 << 20) || malloc(1 << 20) == NULL;
}
END
expect 0 env HALLOC_LIMIT=32M LD_PRELOAD="$HALLOC_LIB" "$temporary/hold"
grep -Eq '^halloc: the limit of 33554432 bytes is reached, 10485760 more are refused; large blocks hold 3145728 bytes \(2\), slabs of 4096-byte slots [0-9]+ \(1536 live\), slabs of 16384-byte slots [0-9]+ \(320 live\), slabs of 256-byte slots [0-9]+ \(16384 live\), slabs of 1024-byte slots [0-9]+ \(3072 live\); all slabs ' \
	"$temporary/err" || fail "the line: $(cat "$temporary/err")"
[ "$(wc -l <"$temporary/err")" -eq 1 ] || fail "not one line: $(head -n 5 "$temporary/err")"
finish
