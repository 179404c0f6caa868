/* test.h - what the C tests share. */
#ifndef TEST_H
#define TEST_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Ends the test, saying where and what, unless claim holds; safe in any thread and after a fork. */
#define REQUIRE(claim)                                         \
	do {                                                   \
		if (!(claim))                                  \
			test_fail(__FILE__, __LINE__, #claim); \
	} while (0)

/* Prints a fact: "EXPRESSION: yes" or "EXPRESSION: no". */
#define SAY(claim) printf("%s: %s\n", #claim, (claim) ? "yes" : "no")

__attribute__((noreturn)) static inline void test_fail(const char *file, int line,
                                                       const char *claim)
{
	dprintf(STDERR_FILENO, "%s:%d: not so: %s (errno %d)\n", file, line, claim, errno);
	_exit(1);
}

/* Whether the library is there: what it says of itself, libc's malloc does not. */
extern const char test_page_b[] __asm__("halloc_page_b") __attribute__((weak));

static inline bool is_under_halloc(void)
{
	return test_page_b != NULL;
}

/* Names the errno values that allocators set, so that outputs read well. */
static inline const char *errno_name(int error)
{
	return error == 0 ? "0" : error == ENOMEM ? "ENOMEM" : error == EINVAL ? "EINVAL" : "other";
}

/* Announces the crime to come; the report must name the same address, and the same thread. */
static inline void crime(const void *address)
{
	dprintf(STDERR_FILENO, "thread %d\ncrime %p\n", (int)gettid(), address);
}

/* The bytes of what the format finds in /proc/self/statm, a number of pages. */
static inline size_t statm_bytes(const char *format)
{
	char line[256] = "";
	size_t pages = 0;
	int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	REQUIRE(file >= 0);
	REQUIRE(read(file, line, sizeof line - 1) > 0);
	close(file);
	REQUIRE(sscanf(line, format, &pages) == 1);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* Returns: the resident memory of this process, in bytes; and what it has mapped. */
static inline size_t resident_bytes(void)
{
	return statm_bytes("%*u %zu");
}

static inline size_t mapped_bytes(void)
{
	return statm_bytes("%zu");
}

/* Returns: how many blocks of so many bytes there is room for at a time, of at most so many; they are freed again. */
static inline unsigned blocks_to_be_had(size_t bytes, unsigned most)
{
	void **blocks = NULL, **block;
	unsigned count = 0;

	while (count < most && (block = (void **)malloc(bytes)) != NULL) {
		*block = (void *)blocks;
		blocks = block;
		count++;
	}
	while (blocks != NULL) {
		block = blocks;
		blocks = (void **)*block;
		free(block);
	}
	return count;
}

/* A small, fast, seeded generator, so that a failure comes again. */
static inline uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Writes a pattern of its own into each of the size bytes at block. */
static inline void fill(void *block, size_t size, unsigned owner)
{
	for (size_t i = 0; i < size; i++)
		((unsigned char *)block)[i] = (unsigned char)(owner * 31 + i * 7 + (i >> 8));
}

/* Returns: whether block still holds what fill wrote. */
static inline bool filled(const void *block, size_t size, unsigned owner)
{
	for (size_t i = 0; i < size; i++)
		if (((const unsigned char *)block)[i] !=
		    (unsigned char)(owner * 31 + i * 7 + (i >> 8)))
			return false;
	return true;
}

#endif
