/* The last byte of the slack is written to; free tells.
 * expect: overflow of
 * run: HALLOC_HARDENED=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(1000);

	crime(block);
	block[1023] ^= 1;
	free(block);
	return 0;
}
