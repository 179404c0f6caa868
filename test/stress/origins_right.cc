// C++ operators as they may be used, all of them, are never reported as mismatched.
// run: HALLOC_HARDENED=1 HALLOC_MISMATCH=1 HALLOC_GUARD_COPIES=1
// library: maker
#include "plugins.h"
#include <map>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

struct alignas(128) wide {
	char bytes[300];
	~wide()
	{
	}
};

struct base {
	virtual ~base()
	{
	}
};

struct derived : base {
	char more[100];
};

// A class that gets its objects from malloc.
struct own {
	char bytes[50];
	static void *operator new(size_t size)
	{
		return malloc(size);
	}
	static void operator delete(void *block)
	{
		free(block);
	}
	static void *operator new[](size_t size)
	{
		return calloc(1, size);
	}
	static void operator delete[](void *block)
	{
		free(block);
	}
};

struct thrower {
	thrower()
	{
		throw 1;
	}
};

// From before main.
static std::map<std::string, std::vector<int>> early{{"one", {1}}, {"two", {1, 2}}};
static std::string *made_early = new std::string(100, 'e');

static void operators()
{
	const auto how = std::align_val_t(256);

	operator delete(operator new(0), size_t(0));
	operator delete(operator new(10));
	operator delete(operator new(10), size_t(10));
	operator delete(operator new(10, std::nothrow), std::nothrow);
	operator delete[](operator new[](100000), size_t(100000));
	operator delete[](operator new[](10, std::nothrow));
	operator delete(operator new(10, how), how);
	operator delete(operator new(10, how), size_t(10), how);
	operator delete(operator new(100000, how, std::nothrow), how, std::nothrow);
	operator delete[](operator new[](300, how), size_t(300), how);
	// All that was asked for may be written to; what was rounded up to is another's next time.
	for (size_t size = 1; size < 300000; size += 9973) {
		void *block = operator new(size, std::align_val_t(8192));
		memset(block, 0xff, size);
		operator delete(block, size, std::align_val_t(8192));
	}
	operator delete(nullptr);
	operator delete[](nullptr, size_t(5));
	REQUIRE(operator new(SIZE_MAX / 2, std::nothrow) == nullptr);
	try {
		operator delete(operator new(SIZE_MAX / 2));
		REQUIRE(false);
	} catch (const std::bad_alloc &) {
	}
}

static void objects()
{
	alignas(wide) char room[sizeof(wide)];

	delete new wide;
	delete[] new wide[3];
	delete (base *)new derived;
	delete new own;
	delete[] new own[4];
	(new (room) wide)->~wide();
	try {
		delete new thrower;
	} catch (int) {
	}
	try {
		delete[] new thrower[3];
	} catch (int) {
	}
	std::make_shared<wide>();
	std::unique_ptr<int[]>(new int[100]);
	std::unique_ptr<char, void (*)(void *)>(strdup("text"), free);
}

static void library()
{
	std::ostringstream stream;

	for (int i = 0; i < 1000; i++)
		stream << i << std::string(i % 50, 'x');
	std::vector<std::string> texts(100, stream.str());
	texts.erase(texts.begin(), texts.begin() + 50);
	early["three"] = {1, 2, 3};
	early.erase("one");
	std::string moved = std::move(texts.back());
	moved += moved;
}

extern "C" int *maker_makes();
extern "C" void maker_ends();

// Calls that go past what is watched: operators by their addresses.
static void looked_up()
{
	auto theirs_new = (void *(*)(size_t))dlsym(RTLD_DEFAULT, "_Znwm");
	auto theirs_delete = (void (*)(void *))dlsym(RTLD_DEFAULT, "_ZdlPv");

	operator delete(theirs_new(10));
	theirs_delete(operator new(10));
	delete maker_makes();
	maker_ends();
}

extern "C" void free_sized(void *, size_t) __attribute__((weak));
extern "C" void free_aligned_sized(void *, size_t, size_t) __attribute__((weak));

static void functions_of_c()
{
	REQUIRE(free_sized != nullptr && free_aligned_sized != nullptr);
	free_sized(malloc(100), 100);
	free_aligned_sized(aligned_alloc(64, 128), 64, 128);
	free(aligned_alloc(64, 128));
	free_sized(realloc(aligned_alloc(64, 128), 127), 127);
	free_sized(realloc(aligned_alloc(64, 200000), 199999), 199999);
}

int main()
{
	std::vector<std::thread> threads;

	looked_up();

	for (int i = 0; i < 3; i++)
		threads.emplace_back([] {
			for (int k = 0; k < 50; k++) {
				operators();
				objects();
				library();
				functions_of_c();
			}
		});
	for (auto &thread : threads)
		thread.join();
	delete made_early;
	return 0;
}
