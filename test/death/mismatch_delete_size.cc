/* A sized delete is told another size than new was.
 * expect: delete of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "test.h"
#include <new>

int main()
{
	void *block = operator new(10);

	crime(block);
	operator delete(block, (size_t)12);
	return 0;
}
