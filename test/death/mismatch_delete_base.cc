/* An object is deleted as its base, which has no virtual destructor, and is smaller.
 * expect: delete of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "test.h"
#include <new>

struct base {
	int number;
};
struct derived : base {
	char more[100];
};

int main()
{
	derived *block = new derived;

	crime(block);
	delete (base *)block;
	return 0;
}
