#!/bin/sh
# operators - new and delete go straight to the heap where that is the same, however a program was built; and by way
# of the C++ library everywhere else. A library that passes for one counts what comes to it.
# modes: HALLOC_HARDENED=0
# shellcheck source=test/scripts/common
. test/scripts/common
cd "$temporary" || exit 1

cat >runtime.cc <<'END'
#include <new>
#include <stdlib.h>
namespace std
{
const nothrow_t nothrow{};
}
extern "C" unsigned runtime_calls;
unsigned runtime_calls;
#ifdef OTHER_HEAP
static char heap[1 << 24], *top = heap;
static void *take(size_t size)
{
	size = (size + 16) & -16ul;
	return (top += size) - size;
}
static void give(void *)
{
}
#else
#define take malloc
#define give free
#endif
#define COUNT runtime_calls++;
void *operator new(size_t size) { COUNT return take(size); }
void *operator new[](size_t size) { COUNT return operator new(size); }
void *operator new(size_t size, const std::nothrow_t &) noexcept { COUNT return operator new(size); }
void *operator new[](size_t size, const std::nothrow_t &) noexcept { COUNT return operator new[](size); }
void operator delete(void *block) noexcept { COUNT give(block); }
void operator delete(void *block, size_t) noexcept { COUNT operator delete(block); }
void operator delete(void *block, const std::nothrow_t &) noexcept { COUNT operator delete(block); }
void operator delete[](void *block) noexcept { COUNT operator delete(block); }
void operator delete[](void *block, size_t) noexcept { COUNT operator delete[](block); }
void operator delete[](void *block, const std::nothrow_t &) noexcept { COUNT operator delete[](block); }
END

# Prints how many calls of the operators came to the C++ library: of ten pairs, and of a large block's.
cat >program.cc <<'END'
#include <dlfcn.h>
#include <link.h>
#include <new>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
extern "C" unsigned runtime_calls;
extern "C" void twin();

#ifdef OWN_NEW
static unsigned own_calls;
void *operator new(size_t size) { own_calls++; return malloc(size); }
#endif
#ifdef TAKES_ADDRESS
static void (*volatile deletes)(void *), (*volatile kept_deletes)(void *) = operator delete;
#endif

__attribute__((noinline)) static void pairs(size_t size)
{
	operator delete(operator new(size));
	operator delete(operator new(size), size);
	operator delete(operator new(size, std::nothrow), std::nothrow);
	operator delete[](operator new[](size));
	operator delete[](operator new[](size), size);
	operator delete[](operator new[](size, std::nothrow), std::nothrow);
	operator delete(nullptr);
	operator delete[](nullptr, 10);
#ifndef OTHER_HEAP
	free(operator new(size));
	operator delete(malloc(size));
#endif
}

/* Whether what the loader has made read-only is so again. */
static int sealed(struct dl_phdr_info *info, size_t, void *failed)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		unsigned long start = (info->dlpi_addr + segment->p_vaddr) & -4096ul, from, to;
		unsigned long end = (info->dlpi_addr + segment->p_vaddr + segment->p_memsz) & -4096ul;
		char line[1000], rights[5];
		if (segment->p_type != PT_GNU_RELRO)
			continue;
		FILE *maps = fopen("/proc/self/maps", "r");
		while (fgets(line, sizeof line, maps))
			if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) == 3 && from < end &&
			    to > start && rights[1] == 'w')
				*(int *)failed = printf("%s: %s", info->dlpi_name, line);
		fclose(maps);
	}
	return 0;
}

int main(int count, char **words)
{
	char *kept[3] = {new char[40], (char *)operator new(0), (char *)operator new(0)};
	int failed = kept[1] == kept[2] || !kept[1];
	unsigned before;

	pairs(40);
	before = runtime_calls;
	pairs(40);
	printf("small %u", runtime_calls - before);
	before = runtime_calls;
	operator delete(operator new(100000));
	printf(" large %u\n", runtime_calls - before);
#ifdef OWN_NEW
	failed |= own_calls != 2 * 7 + 4 && printf("own %u\n", own_calls);
#endif
#ifdef TAKES_ADDRESS
	deletes = operator delete;
	failed |= deletes != kept_deletes && puts("two addresses");
	failed |= (void *)deletes != dlsym(RTLD_DEFAULT, "_ZdlPv") && puts("another address");
	deletes(operator new(10));
#endif
#ifdef TWIN
	before = runtime_calls;
	twin();
	failed |= runtime_calls == before && puts("the twin's calls are direct");
#endif
	if (count > 1) {
		void *plugin = dlopen(words[1], RTLD_NOW);
		void *(*make)() = (void *(*)())dlsym(plugin, "make");
		void (*end)(void *) = (void (*)(void *))dlsym(plugin, "end");
		before = runtime_calls;
		operator delete(make());
		end(operator new(10));
		failed |= runtime_calls == before && puts("the plugin's calls are direct");
		dlclose(plugin);
	}
	delete[] kept[0];
	dl_iterate_phdr(sealed, &failed);
	return failed != 0;
}
END

cat >plugin.cc <<'END'
#include <new>
extern "C" void *make() { return operator new(10); }
extern "C" void end(void *block) { operator delete(block); }
END
# Where its calls lead depends on how it was linked.
cat >twin.cc <<'END'
#include <new>
#include <stdlib.h>
void *operator new(size_t size) { return malloc(size); }
void operator delete(void *block) noexcept { free(block); }
extern "C" void twin() { operator delete(operator new(40)); }
END
cat >own.cc <<'END'
#include <new>
#include <stdlib.h>
void operator delete[](void *block, size_t) noexcept { free(block); }
END
# Constructors that run before the library's.
cat >thread.cc <<'END'
#include <pthread.h>
#include <unistd.h>
static void *work(void *) { pause(); return nullptr; }
__attribute__((constructor)) static void start()
{
	pthread_t thread;
	pthread_create(&thread, nullptr, work, nullptr);
}
END
cat >opener.cc <<'END'
#include <dlfcn.h>
__attribute__((constructor)) static void start() { dlopen("./plugin.so", RTLD_LAZY | RTLD_DEEPBIND); }
END
# Nothing that is read-only may be written to again.
cat >refuser.cc <<'END'
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
extern "C" int mprotect(void *start, size_t bytes, int rights) noexcept
{
	if (rights == (PROT_READ | PROT_WRITE))
		return errno = EACCES, -1;
	return syscall(SYS_mprotect, start, bytes, rights);
}
END

compile() { # FILE SOURCE FLAG...
	output=$1
	shift
	${CC:-cc} -w -O0 -std=c++17 -fsized-deallocation -fno-builtin -fno-exceptions -fno-rtti -pthread \
		-o "$output" "$@" || exit 1
}

shared() { # FILE SOURCE FLAG...
	compile "$@" -fPIC -shared -Wl,-soname,"$1"
}

program() { # FLAG...
	compile program program.cc libstdc++.so.test "$@"
}

# The program prints the line $1 and nothing else, with these words before it.
prints() { # LINE WORD...
	line=$1
	shift
	expect 0 env LD_LIBRARY_PATH=. LD_PRELOAD="$HALLOC_LIB" "$@"
	[ "$(cat out)" = "$line" ] || fail "$flags: $command: prints: $(cat out)"
	is_silent err
}

direct='small 0 large 1'
library='small 30 large 2'
mkdir other
shared libstdc++.so.test runtime.cc
(cd other && shared libstdc++.so.test ../runtime.cc -DOTHER_HEAP) || exit 1
shared libother.so runtime.cc
for source in own refuser; do
	shared $source.so $source.cc
done
for source in thread opener; do
	shared $source.so $source.cc -Wl,-z,initfirst
done
shared plugin.so plugin.cc libstdc++.so.test
shared twin.so twin.cc -z lazy

while read -r flags; do
	# shellcheck disable=SC2086 # words
	program $flags
	prints "$direct" ./program
	prints "$direct" ./program ./plugin.so
	prints "$direct" LD_BIND_NOW=1 ./program
	prints "$direct" HALLOC_GUARD_COPIES=1 ./program
	prints "$library" HALLOC_OPERATORS=library ./program
	prints "$library" HALLOC_HARDENED=1 ./program
done <<'END'
-z lazy
-z now
-z norelro
-fno-pie -no-pie -z lazy
-fno-pie -no-pie -z now
-Wl,--hash-style=sysv
END

# Where a program calls by addresses that it might as well keep, they stay those of the C++ library; what that
# calls itself is direct all the same.
for flags in '-fno-plt' '-fno-plt -z now'; do
	# shellcheck disable=SC2086 # words
	program $flags
	prints 'small 16 large 2' ./program
done
for flags in '-fpie -pie' '-fno-pie -no-pie' '-fno-plt' '-fno-pie -no-pie -fno-plt'; do
	# shellcheck disable=SC2086 # words
	program -DTAKES_ADDRESS $flags
	expect 0 env LD_LIBRARY_PATH=. LD_PRELOAD="$HALLOC_LIB" ./program ./plugin.so
done

# Somebody brings an operator: the others are as the C++ library has them.
flags=
program
prints "$direct" LD_PRELOAD="$HALLOC_LIB ./plugin.so" ./program
prints 'small 24 large 2' LD_PRELOAD="$HALLOC_LIB ./own.so" ./program
prints 'small 24 large 2' LD_PRELOAD="./own.so $HALLOC_LIB" ./program

# It is not certain where calls lead.
prints "$library" LD_PRELOAD="./thread.so $HALLOC_LIB" ./program
prints "$library" LD_PRELOAD="./opener.so $HALLOC_LIB" ./program
# Nor is it where others know an operator by a stub of the executable's, which hides the next to bring it.
program -DTAKES_ADDRESS -fno-pie -no-pie
prints "$library" ./program
prints 'small 24 large 2' LD_PRELOAD="./own.so $HALLOC_LIB" ./program
program -DTWIN twin.so
prints "$direct" ./program
program -DOTHER_HEAP
prints 'small 0 large 1' ./program
prints 'small 28 large 2' LD_LIBRARY_PATH=other ./program
program -z now
prints 'small 16 large 2' LD_PRELOAD="./refuser.so $HALLOC_LIB" ./program
compile program program.cc libother.so
prints "$library" ./program
program -DOWN_NEW
prints 'small 23 large 1' ./program
finish
