/* A large block that new[] made is freed by free.
 * expect: mismatched free of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "test.h"
#include <new>

int main()
{
	char *block = new char[100000];

	crime(block);
	free(block);
	return 0;
}
