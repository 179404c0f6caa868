/* What malloc made is deleted.
 * expect: mismatched delete of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "test.h"
#include <new>

int main()
{
	int *block = (int *)malloc(sizeof *block);

	crime(block);
	delete block;
	return 0;
}
