/* The same of a large block: a write to a page that was not asked for.
 * expect: overflow of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "test.h"
#include <new>

int main()
{
	const auto how = std::align_val_t(8192);
	char *volatile block = (char *)operator new(100000, how);

	crime(block);
	block[103000] = 2; /* each byte of the slack is odd */
	return 0;
}
