/* A sized delete of an aligned block is told a size that the alignment rounds up to the same.
 * expect: aligned delete of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "test.h"
#include <new>

int main()
{
	const auto how = std::align_val_t(64);
	void *block = operator new(100, how);

	crime(block);
	operator delete(block, (size_t)120, how);
	return 0;
}
