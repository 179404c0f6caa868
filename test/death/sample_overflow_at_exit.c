/* A byte is written right behind a sampled block that is never freed.
 * expect: overflow of
 * run: HALLOC_SAMPLE=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100);

	crime(block);
	block[100] = 1;
	return 0;
}
