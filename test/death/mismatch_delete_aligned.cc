/* What an aligned new made is deleted without the alignment.
 * expect: mismatched delete of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "test.h"
#include <new>

int main()
{
	void *block = operator new(100, std::align_val_t(64));

	crime(block);
	operator delete(block);
	return 0;
}
