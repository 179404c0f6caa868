/* A byte is written behind a sampled block, within its page; free tells.
 * expect: overflow of
 * run: HALLOC_SAMPLE=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100);

	crime(block);
	block[100] = 1;
	free(block);
	return 0;
}
