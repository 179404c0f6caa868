/* A large block that was freed is read, after a request that no heap could serve: that has not emptied the quarantine.
 * expect: use after free of
 * run: HALLOC_HARDENED=1 */
#include "refused.h"

int main(void)
{
	return read_after_refusal(300000, 1000, (size_t)1 << 60);
}
