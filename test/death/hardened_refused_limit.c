/* A large block that was freed is read, after a request beyond the limit: that has not emptied the quarantine.
 * expect: use after free of
 * run: HALLOC_HARDENED=1 HALLOC_LIMIT=64M */
#include "refused.h"

int main(void)
{
	return read_after_refusal(300000, 1000, (size_t)65 << 20);
}
