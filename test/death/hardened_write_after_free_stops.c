/* A freed block is written to, and the program asks for another one, of another class.
 * expect: write after free of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(200);

	free(block);
	crime(block);
	block[20] = 1;
	block = malloc(5000);
	_exit(block == NULL);
}
