// The C++ operators, all of them, and what they throw.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

struct alignas(128) wide {
	char bytes[200];
};

template <size_t alignment> static void aligned()
{
	const auto how = std::align_val_t(alignment);
	void *block = operator new(10, how), *array = operator new[](1000, how);
	void *quiet = operator new(100000, how, std::nothrow);

	printf("align_val_t %zu: %zu %zu %zu\n", alignment, (uintptr_t)block % alignment,
	       (uintptr_t)array % alignment, (uintptr_t)quiet % alignment);
	operator delete(block, how);
	operator delete[](array, 1000, how);
	operator delete(quiet, how, std::nothrow);
}

template <typename F> static void catches(const char *what, F call)
{
	try {
		call();
		printf("%s: nothing thrown\n", what);
	} catch (const std::bad_array_new_length &) {
		printf("%s: bad_array_new_length\n", what);
	} catch (const std::bad_alloc &) {
		printf("%s: bad_alloc\n", what);
	} catch (const std::length_error &) {
		printf("%s: length_error\n", what);
	}
}

int main()
{
	volatile size_t max = SIZE_MAX, half = PTRDIFF_MAX;

	aligned<1>();
	aligned<8>();
	aligned<32>();
	aligned<64>();
	aligned<4096>();
	aligned<1 << 20>();
	catches("new of SIZE_MAX", [&] { operator delete(operator new(max)); });
	catches("new of PTRDIFF_MAX", [&] { operator delete(operator new(half)); });
	catches("new[] of too many", [&] { delete[] new long[max / 4]; });
	catches("aligned new of SIZE_MAX",
	        [&] { operator delete(operator new(max, std::align_val_t(64))); });
	catches("vector beyond reason", [&] { std::vector<char>(half / 2).at(0) = 1; });
	printf("nothrow: %s %s\n", operator new(max, std::nothrow) ? "a block" : "NULL",
	                           operator new[](half, std::nothrow) ? "a block" : "NULL");
	void *zero = operator new(0), *another = operator new(0);
	printf("new of 0: %s\n", zero && another && zero != another ? "blocks of their own" : "no");
	operator delete(zero, size_t(0));
	operator delete(another);
	operator delete(nullptr);
	operator delete[](nullptr);
	std::unique_ptr<wide> one(new wide);
	std::unique_ptr<wide[]> many(new wide[10]);
	printf("alignas(128): %zu %zu\n", (uintptr_t)one.get() % 128, (uintptr_t)many.get() % 128);
	std::vector<std::string> words;
	for (int i = 0; i < 100000; i++)
		words.push_back(std::string(size_t(i % 100), 'x') + std::to_string(i));
	size_t length = 0;
	for (const auto &word : words)
		length += word.size();
	printf("%zu words, %zu letters\n", words.size(), length);
	try {
		throw std::runtime_error(std::string(1000, 'e'));
	} catch (const std::exception &error) {
		printf("caught %zu letters\n", std::string(error.what()).size());
	}
}
