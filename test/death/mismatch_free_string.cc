/* The text of a std::string, which the C++ library itself made by new, is freed by free.
 * expect: mismatched free of
 * run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "test.h"
#include <new>
#include <string>

int main()
{
	std::string text(100, 'x');

	text += text;
	crime(text.data());
	free((void *)text.data());
	return 0;
}
