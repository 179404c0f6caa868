// A program with operators of its own, some of them: nothing is reported, whoever makes and frees.
// run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 HALLOC_GUARD_COPIES=1
#include "test.h"
#include <new>
#include <sstream>
#include <string>
#include <vector>

static unsigned news, deletes;

void *operator new(size_t size)
{
	news++;
	void *block = malloc(size);
	if (block == nullptr)
		throw std::bad_alloc();
	return block;
}

void operator delete(void *block) noexcept
{
	deletes++;
	free(block);
}

int main()
{
	for (int i = 0; i < 100; i++) {
		std::ostringstream stream;
		stream << std::string(100, 'x') << i;
		std::vector<std::string> texts(10, stream.str());
		operator delete(operator new(10), size_t(10));
		delete[] new int[10];
		delete[] new std::string[10];
		free(operator new(10)); // as this program knows
	}
	REQUIRE(news > 1000);
	REQUIRE(deletes > 1000);
	return 0;
}
