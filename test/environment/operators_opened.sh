#!/bin/sh
# operators_opened - a plugin with a C++ runtime of its own, a shared one, is opened when another runtime is watched
# already: what its constructors make is freed as it should be, and no mismatch.
# shellcheck source=test/scripts/common
. test/scripts/common

cat >"$temporary/runtime.cc" <<'END'
#include <cstdlib>
#include <new>
void *operator new(std::size_t size)
{
	void *ptr = std::malloc(size);
	if (ptr == nullptr)
		std::abort();
	return ptr;
}
void *operator new[](std::size_t size) { return ::operator new(size); }
void operator delete(void *ptr) noexcept { std::free(ptr); }
void operator delete(void *ptr, std::size_t) noexcept { std::free(ptr); }
void operator delete[](void *ptr) noexcept { std::free(ptr); }
void operator delete[](void *ptr, std::size_t) noexcept { std::free(ptr); }
END
cat >"$temporary/first.cc" <<'END'
#include <string>
extern "C" void plugin_run() { delete new std::string(1000, 'x'); }
END
cat >"$temporary/second.cc" <<'END'
static int *early = new int[10];
extern "C" void plugin_run()
{
	delete[] early;
	delete[] new int[3];
}
END
cat >"$temporary/host.c" <<'END'
#include <dlfcn.h>
#include <stdio.h>
int main(int count, char **paths)
{
	for (int i = 1; i < count; i++) {
		void *plugin = dlopen(paths[i], RTLD_NOW);
		if (plugin == NULL)
			return 1;
		((void (*)(void))dlsym(plugin, "plugin_run"))();
	}
	puts("both ran");
	return 0;
}
END
build() { # OUTPUT SOURCE [FLAG...]
	output=$1
	shift
	"${CXX:-c++}" -O1 -fno-builtin -fPIC -shared -o "$temporary/$output" "$@" || fail "$output is not built"
}
build libc++.so.1 "$temporary/runtime.cc" -Wl,-soname,libc++.so.1
build first.so "$temporary/first.cc"
build second.so "$temporary/second.cc" -nostdlib -Wl,--no-as-needed "$temporary/libc++.so.1" -Wl,-rpath,"$temporary" -lc
"${CC:-cc}" -w -o "$temporary/host" "$temporary/host.c" -ldl || fail "the host is not built"
for checks in 0 1; do
	expect 0 env HALLOC_HARDENED=1 HALLOC_MISMATCH=$checks ${TEST_LIB:+LD_PRELOAD="$TEST_LIB"} \
		"$temporary/host" "$temporary/first.so" "$temporary/second.so"
	is_silent err
done
finish
