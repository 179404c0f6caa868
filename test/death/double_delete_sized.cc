/* expect: double free */
#include "test.h"
#include <new>

int main()
{
	void *block = operator new(48);

	operator delete(block, size_t(48));
	crime(block);
	operator delete(block, size_t(48));
	return 0;
}
