// Where memory is short, the new_handler is called until it has made room, and bad_alloc says that there is none.
// run: HALLOC_LIMIT=64M
#include "test.h"
#include <new>
#include <vector>

static unsigned calls, reserves;
static void *reserve[3];

static void frees()
{
	calls++;
	if (reserves == 0)
		throw std::bad_alloc();
	free(reserve[--reserves]);
}

// Takes blocks until there are no more. Returns: how many.
static size_t exhaust(void *(*make)(size_t), size_t size)
{
	static std::vector<void *> blocks;
	bool refused = false;
	size_t count;

	std::set_new_handler(nullptr);
	blocks.reserve(1 << 20);
	calls = reserves = 0;
	for (auto &block : reserve) {
		block = malloc(1 << 20);
		REQUIRE(block != nullptr);
		reserves++;
	}
	std::set_new_handler(frees);
	while (!refused) {
		void *block = nullptr;
		try {
			block = make(size);
		} catch (const std::bad_alloc &) {
		}
		refused = block == nullptr;
		REQUIRE(blocks.size() * size < 128 << 20); // there is a limit
		if (!refused)
			blocks.push_back(block);
	}
	std::set_new_handler(nullptr);
	count = blocks.size();
	for (void *block : blocks)
		operator delete(block);
	blocks.clear();
	return count;
}

int main()
{
	void *(*const makers[])(size_t) = {
	        [](size_t size) { return operator new(size); },
	        [](size_t size) { return operator new[](size); },
	        [](size_t size) { return operator new(size, std::nothrow); },
	        [](size_t size) { return operator new[](size, std::nothrow); },
	};

	for (auto make : makers)
		for (size_t size : {64, 1000, 30000, 100000}) {
			size_t count = exhaust(make, size);
			// What was freed 3 times was used, and then it was told once that there is no more.
			REQUIRE(calls == 4);
			REQUIRE(count * size > 20 << 20);
		}
	return 0;
}
