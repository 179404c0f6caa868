/* Memory that the program has unmapped.
 * expect: invalid free */
#include "test.h"
#include <sys/mman.h>

int main(void)
{
	char *block = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(block, 65536);
	crime(block);
	free(block);
	return 0;
}
