// operator new calls the new_handler until it gives up or succeeds.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>

static int calls;
static void *reserve;

static void gives_up()
{
	if (++calls == 3)
		std::set_new_handler(nullptr);
}

static void throws()
{
	calls++;
	throw std::bad_alloc();
}

static void frees()
{
	calls++;
	free(reserve);
	reserve = nullptr;
	std::set_new_handler(throws);
}

static void try_new(const char *what, std::new_handler handler)
{
	volatile size_t too_much = PTRDIFF_MAX;

	calls = 0;
	std::set_new_handler(handler);
	try {
		operator delete(operator new(too_much));
		printf("%s: a block", what);
	} catch (const std::bad_alloc &) {
		printf("%s: bad_alloc", what);
	}
	printf(" after %d calls\n", calls);
}

int main()
{
	volatile size_t too_much = PTRDIFF_MAX;

	reserve = malloc(1 << 20);
	try_new("gives up", gives_up);
	try_new("throws", throws);
	try_new("frees, then throws", frees);
	try_new("none", nullptr);
	calls = 0;
	std::set_new_handler(gives_up);
	printf("nothrow: %s", operator new(too_much, std::nothrow) ? "a block" : "NULL");
	printf(" after %d calls\n", calls);
}
