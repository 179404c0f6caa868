/* A sampled block that was freed is read, after a request that no heap could serve: it is still inaccessible.
 * expect: use after free of
 * run: HALLOC_SAMPLE=1 */
#include "refused.h"

int main(void)
{
	return read_after_refusal(1000, 100, (size_t)1 << 60);
}
