/* expect: double free */
#include "test.h"

int main()
{
	int *block = new int[10];

	delete[] block;
	crime(block);
	delete[] block;
	return 0;
}
