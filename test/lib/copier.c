/* copier - copies what it is told to. */
#include "test.h"

void copier_copies(char *to, const char *from, size_t bytes);

void copier_copies(char *to, const char *from, size_t bytes)
{
	memcpy(to, from, bytes);
}
