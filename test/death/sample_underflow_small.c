/* A byte is written before a sampled block, behind its guard; free tells.
 * expect: underflow of
 * run: HALLOC_SAMPLE=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100);

	/* Not at the start of its page, as every other block is. */
	while ((uintptr_t)block % 4096 == 0)
		block = malloc(100);
	crime(block);
	block[-50] ^= 1;
	free(block);
	return 0;
}
