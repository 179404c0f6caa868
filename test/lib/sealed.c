/* sealed - preloaded ahead of the library: nothing may be made writable again. */
#include "test.h"
#include <sys/mman.h>
#include <sys/syscall.h>

int mprotect(void *address, size_t length, int rights)
{
	if (rights == (PROT_READ | PROT_WRITE)) {
		errno = EACCES;
		return -1;
	}
	return (int)syscall(SYS_mprotect, address, length, rights);
}
