// In report mode a call that does not match does nothing, and the right one is still due.
// run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 HALLOC_ON_ERROR=report
#include "test.h"
#include <new>

int main()
{
	int *volatile made = (int *)malloc(sizeof(int)), *volatile one = new int(7);
	int *volatile some = new int[10];

	*made = 5;
	some[9] = 9;
	delete made;
	free(one);
	delete some;
	REQUIRE(realloc((void *)one, 100) == nullptr);
	operator delete((void *)one, (size_t)5);
	// What is freed reads as zero.
	REQUIRE(*made == 5);
	REQUIRE(*one == 7);
	REQUIRE(some[9] == 9);
	free(made);
	delete one;
	delete[] some;
	REQUIRE(*made == 0);
	REQUIRE(*one == 0);
	REQUIRE(some[9] == 0);
	return 0;
}
