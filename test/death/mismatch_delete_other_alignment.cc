/* An aligned delete is told an alignment that the block does not have.
 * expect: aligned delete of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "test.h"
#include <new>

int main()
{
	char *blocks[100], *block = nullptr;

	for (int i = 0; i < 100; i++) {
		blocks[i] = (char *)operator new(100, std::align_val_t(32));
		if ((uintptr_t)blocks[i] % 4096 != 0)
			block = blocks[i];
	}
	crime(block);
	operator delete(block, std::align_val_t(4096));
	return 0;
}
