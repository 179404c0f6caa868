/* expect: invalid free */
#include "test.h"

int main(void)
{
	char *block = (char *)"a literal";

	crime(block);
	free(block);
	return 0;
}
