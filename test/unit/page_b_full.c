/* A pool that lies where the system has put it, and is small, fills up: that is told, and none is handed out twice.
 * links: page_b pool array os machine clock lock report */
#include "child.h"
#include "page_b.h"
#include <sys/mman.h>
#include <sys/syscall.h>

#define WINDOW_BYTES_MAX ((size_t)8 << 20)
#define LEFT_BYTES       ((size_t)5 << 20)

static size_t left_bytes = SIZE_MAX; /* that the system still gives */

/* Lets no place be chosen, and nothing large be mapped. */
void *mmap(void *start, size_t bytes, int protection, int flags, int file, off_t offset)
{
	if (start != NULL || bytes > WINDOW_BYTES_MAX) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return (void *)syscall(SYS_mmap, start, bytes, protection, flags, file, offset);
}

int mprotect(void *start, size_t bytes, int protection)
{
	if (bytes > left_bytes) {
		errno = ENOMEM;
		return -1;
	}
	left_bytes -= left_bytes == SIZE_MAX ? 0 : bytes;
	return (int)syscall(SYS_mprotect, start, bytes, protection);
}

/* Returns: how many records there were before the pool was full. */
static size_t fill_up(size_t record_bytes, unsigned char **last)
{
	unsigned char *record;
	size_t count = 0;

	while ((record = page_b_record_new(record_bytes)) != NULL) {
		REQUIRE(record[0] == 0);
		memset(record, 1, record_bytes);
		*last = record;
		count++;
		REQUIRE(count * record_bytes <= WINDOW_BYTES_MAX);
	}
	return count;
}

/* Where the system is short of memory, but for so much, all of that is used: to a page of the pool, or of its map. */
static void used_up(void *arg)
{
	unsigned char *last;

	(void)arg;
	left_bytes = LEFT_BYTES;
	fill_up(PAGE_B_RECORD_BYTES_MAX, &last);
	fill_up(64, &last);
	REQUIRE(left_bytes < 2 * os_page_bytes);
	REQUIRE(page_b_ok());
}

int main(void)
{
	unsigned char *last = NULL;

	os_boot();
	REQUIRE(page_b_boot());
	REQUIRE(child_run(used_up, NULL) == 0);
	REQUIRE(fill_up(PAGE_B_RECORD_BYTES_MAX, &last) > 100);
	REQUIRE(fill_up(100, &last) < 100);
	REQUIRE(page_b_ok());
	page_b_record_free(last, 100);
	REQUIRE(page_b_record_new(100) == last);
	REQUIRE(page_b_record_new(100) == NULL);
	REQUIRE(page_b_ok());
	return 0;
}
