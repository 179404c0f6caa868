/* asked.h - how much memory a test has asked huge pages for. */
#ifndef ASKED_H
#define ASKED_H

#include "test.h"

enum { MIB = 1 << 20 };

static inline bool has_huge_pages(void)
{
	return access("/sys/kernel/mm/transparent_hugepage/enabled", R_OK) == 0;
}

/* In bytes. */
static inline size_t asked_for(void)
{
	char line[512];
	size_t bytes = 0, sum = 0;
	unsigned long start, end;
	FILE *file = fopen("/proc/self/smaps", "re");

	REQUIRE(file);
	while (fgets(line, sizeof line, file) != NULL) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			bytes = end - start;
		else if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " hg") != NULL)
			sum += bytes;
	}
	fclose(file);
	return sum;
}

#endif
