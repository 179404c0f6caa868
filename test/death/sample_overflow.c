/* Behind a sampled block, at its guard.
 * expect: overflow of
 * run: HALLOC_SAMPLE=1 */
#include "test.h"

int main(void)
{
	for (int i = 0; i < 4; i++) {
		volatile char *block = malloc(4096);
		crime(block);
		block[4096] = 1;
	}
	return 0;
}
