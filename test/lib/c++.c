/* c++ - stands for a C++ library, and a user of it in one, that may be closed again. */
#include "test.h"

void *_Znwm(size_t size);
void _ZdlPv(void *block);
int made(int value);

void *_Znwm(size_t size)
{
	return malloc(size);
}

void _ZdlPv(void *block)
{
	free(block);
}

int made(int value)
{
	int *block = _Znwm(sizeof *block);

	*block = value;
	value = *block;
	_ZdlPv(block);
	return value;
}
