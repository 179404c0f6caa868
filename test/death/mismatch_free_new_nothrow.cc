/* What new(std::nothrow) made is freed by free.
 * expect: mismatched free of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "test.h"
#include <new>

int main()
{
	int *block = new (std::nothrow) int;

	crime(block);
	free(block);
	return 0;
}
