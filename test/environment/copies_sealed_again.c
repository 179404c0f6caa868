/* What the loader has sealed is sealed again once calls are led to us: no table of addresses stays open.
 * run: HALLOC_GUARD_COPIES=1 */
#include "test.h"

#include <link.h>
#include <sys/uio.h>

/* In the part that the loader seals. */
static void *(*const copies[])(void *, const void *, size_t) = {memmove, memcpy};

/* Whether the byte at an address can be written to: the system is asked to put there what is there. */
static bool is_open(void *at)
{
	char byte = *(volatile char *)at;
	struct iovec from = {&byte, 1}, to = {at, 1};

	return process_vm_writev(getpid(), &from, 1, &to, 1, 0) == 1;
}

static int look(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	(void)bytes;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
		uintptr_t start = (info->dlpi_addr + part->p_vaddr) & -page;
		uintptr_t end = (info->dlpi_addr + part->p_vaddr + part->p_memsz) & -page;
		for (; part->p_type == PT_GNU_RELRO && start < end; start += page) {
			if (is_open((void *)start))
				printf("%s is open at %lx\n", info->dlpi_name,
				       (unsigned long)start);
			REQUIRE(!is_open((void *)start));
			++*(int *)arg;
		}
	}
	return 0;
}

int main(void)
{
	static char open_byte, copy;
	volatile int which = 1;
	int pages = 0;

	REQUIRE(copies[which](&copy, &open_byte, 1) == &copy);
	if (!is_open(&open_byte)) {
		puts("process_vm_writev is not to be had");
		return 77;
	}
	dl_iterate_phdr(look, &pages);
	printf("%d pages are sealed\n", pages);
	return pages == 0;
}
