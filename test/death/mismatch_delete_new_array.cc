/* What new[] made is deleted by delete.
 * expect: mismatched delete of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "test.h"
#include <new>

int main()
{
	int *block = new int[4];

	crime(block);
	delete block;
	return 0;
}
