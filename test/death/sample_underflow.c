/* Before a sampled block, every other of which starts where its page starts.
 * expect: underflow of
 * run: HALLOC_SAMPLE=1 */
#include "test.h"

int main(void)
{
	for (int i = 0; i < 4; i++) {
		volatile char *block = malloc(100);
		crime(block);
		if ((uintptr_t)block % 4096 == 0)
			block[-1]++;
	}
	return 0;
}
