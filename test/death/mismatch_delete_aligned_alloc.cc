/* What aligned_alloc made is freed by delete.
 * expect: mismatched delete of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "test.h"
#include <new>

int main()
{
	int *block = (int *)aligned_alloc(64, 64);

	crime(block);
	delete block;
	return 0;
}
