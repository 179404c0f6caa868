/* What an aligned new made is freed by free.
 * expect: mismatched free of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "test.h"
#include <new>

int main()
{
	void *block = operator new(100, std::align_val_t(64));

	crime(block);
	free(block);
	return 0;
}
