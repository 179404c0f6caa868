/* A large block that malloc made is deleted.
 * expect: mismatched delete[] of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "test.h"
#include <new>

int main()
{
	char *block = (char *)malloc(100000);

	crime(block);
	delete[] block;
	return 0;
}
