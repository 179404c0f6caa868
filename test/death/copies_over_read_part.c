/* A text without an end fills its block; strncpy would read on, as it may write more.
 * expect: by strncpy:
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

int main(void)
{
	char *block = malloc(100);
	static char to[300];

	crime(block);
	memset(block, 1, 112);
	strncpy(to, block, 200);
	return 0;
}
