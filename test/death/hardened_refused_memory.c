/* A large block that was freed is read, after a request of more than the machine has, which the system refused: it is still
 * inaccessible.
 * expect: use after free of
 * run: HALLOC_HARDENED=1 */
#include "refused.h"

int main(void)
{
	return read_after_refusal(300000, 1000, more_than_memory());
}
