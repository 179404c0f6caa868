/* A write behind what was asked for, into the room that an aligned new rounds up to.
 * expect: overflow of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "test.h"
#include <new>

int main()
{
	const auto how = std::align_val_t(64);
	char *volatile block = (char *)operator new(100, how);

	crime(block);
	block[110] = 2; /* each byte of the slack is odd */
	operator delete(block, how);
	return 0;
}
