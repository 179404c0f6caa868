/* expect: double free */
#include "test.h"

int main(void)
{
	void *block = strdup("a string of libc's");

	free(block);
	crime(block);
	free(block);
	return 0;
}
