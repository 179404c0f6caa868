/* The same of a large block, whose size the operator rounds up by pages.
 * expect: aligned delete of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "test.h"
#include <new>

int main()
{
	const auto how = std::align_val_t(8192);
	void *block = operator new(100000, how);

	crime(block);
	operator delete(block, (size_t)99990, how);
	return 0;
}
