/* expect: invalid realloc */
#include "test.h"
#include <sys/mman.h>

int main(void)
{
	char *block = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	crime(block);
	realloc(block, 100);
	return 0;
}
