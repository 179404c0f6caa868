/* What new[] made is given to realloc.
 * expect: mismatched realloc of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "test.h"
#include <new>

int main()
{
	char *block = new char[10];

	crime(block);
	block = (char *)realloc(block, 20);
	return 0;
}
