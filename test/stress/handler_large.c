/* A signal handler that comes into the middle of a call of the heap, and frees, resizes and asks after large blocks, those
 * among them that lie where smaller ones were: it is served, or what it frees is lost; never is it an error.
 * modes: HALLOC_HARDENED=0 HALLOC_SAMPLE=50 */
#include "test.h"

#include <malloc.h>
#include <signal.h>
#include <sys/time.h>

enum { KINDS = 5, BLOCKS = 1500, SMALL = 60000, LARGE_BYTES = 70000 };

static char *blocks[BLOCKS];
static volatile unsigned next;
static unsigned kind;

static void resize(char **block, size_t size)
{
	char *moved = realloc(*block, size);

	REQUIRE(moved != NULL || (errno == ENOMEM && size > LARGE_BYTES));
	if (moved != NULL)
		*block = moved;
	REQUIRE(filled(*block, size < 1000 ? size : 1000, 1));
}

static void handle(int number)
{
	int saved = errno;

	(void)number;
	if (next >= BLOCKS)
		return;
	char **block = &blocks[next++];
	if (kind == 0)
		free(*block);
	else if (kind == 1)
		REQUIRE(malloc_usable_size(*block) >= LARGE_BYTES);
	else
		resize(block, kind == 2 ? 100000 : kind == 3 ? 40000 : 50);
	errno = saved;
}

/* Large blocks where slabs were. */
static void slabs_leave(void)
{
	static void *small[SMALL];

	for (unsigned i = 0; i < SMALL; i++)
		small[i] = malloc(4096);
	for (unsigned i = 0; i < SMALL; i++)
		free(small[i]);
	malloc_trim(0);
}

int main(void)
{
	static const struct itimerval often = {{0, 300}, {0, 300}}, never;

	signal(SIGALRM, handle);
	slabs_leave();
	for (kind = 0; kind < KINDS; kind++) {
		for (unsigned i = 0; i < BLOCKS; i++) {
			blocks[i] = malloc(LARGE_BYTES);
			REQUIRE(blocks[i] != NULL);
			fill(blocks[i], 1000, 1);
		}
		next = 0;
		REQUIRE(setitimer(ITIMER_REAL, &often, NULL) == 0);
		while (next < BLOCKS)
			free(malloc(100000));
		REQUIRE(setitimer(ITIMER_REAL, &never, NULL) == 0);
		for (unsigned i = 0; i < BLOCKS && kind != 0; i++)
			free(blocks[i]);
	}
	return 0;
}
