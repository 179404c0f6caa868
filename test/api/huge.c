/* Huge blocks: touched at both ends, resized, several at once, gone when freed. */
#include "test.h"
#include <malloc.h>

static void ends(char *block, size_t size)
{
	REQUIRE(block);
	block[0] = 'a';
	block[size - 1] = 'z';
}

int main(void)
{
	size_t giga = (size_t)1 << 30;
	char *block = malloc(3 * giga), *others[4];

	ends(block, 3 * giga);
	block = realloc(block, 5 * giga);
	REQUIRE(block);
	SAY(block[0] == 'a' && block[3 * giga - 1] == 'z');
	ends(block, 5 * giga);
	SAY(resident_bytes() < 200 << 20);
	block = realloc(block, giga / 2);
	SAY(block[0] == 'a');
	ends(block, giga / 2);
	for (int i = 0; i < 4; i++)
		ends(others[i] = calloc(1, giga + 16 + (size_t)i), giga + (size_t)i);
	for (int i = 0; i < 4; i++)
		SAY(others[i][0] == 'a' && others[i][giga / 2] == 0 &&
		    others[i][giga - 1 + (size_t)i] == 'z');
	for (int i = 0; i < 4; i++)
		free(others[i]);
	free(block);
	/* one that does not fill its pages */
	ends(block = malloc(giga + 24), giga + 24);
	block = realloc(block, 3 * giga);
	REQUIRE(block);
	SAY(block[0] == 'a' && block[giga + 23] == 'z');
	SAY(resident_bytes() < 200 << 20);
	free(block);
	/* as much again, a hundred times over: the address space comes back */
	for (int i = 0; i < 100; i++) {
		ends(block = malloc(4 * giga), 4 * giga);
		free(block);
	}
	SAY(resident_bytes() < 200 << 20);
	return 0;
}
