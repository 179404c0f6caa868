# HALLOC_GUARD_COPIES and HALLOC_MISMATCH reach the calls of programs however they were linked, and leave correct
# ones alone.
directory=$(mktemp -d) || exit 1
trap 'rm -rf -- "$directory"' EXIT
cd "$directory" || exit 1
export HALLOC_GUARD_COPIES=1
failures=0

fail() {
	echo "$*"
	cat out
	failures=$((failures + 1))
}

cat >copies.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *(*volatile copies[])(void *, const void *, size_t) = {memcpy, memmove};
static void *(*volatile sets)(void *, int, size_t);
static void (*volatile frees)(void *);
static void *(*volatile mallocs)(size_t);

int main(int argc, char **argv)
{
	size_t bytes = argc > 2 ? (size_t)atoi(argv[2]) : 0;
	char from[200] = "";
	/* In some programs others know these functions now by stubs in the executable. */
	sets = memset;
	frees = free;
	mallocs = malloc;
	char *block = realloc(mallocs(50), 100);

	sets(block, 0, 100);
	copies[0](block, from, 100);
	frees(calloc(5, 5));
	frees(realloc(malloc(30000), 60000));
	if (argv[1][0] == 'p')
		copies[1](block, from, bytes);
	else if (argv[1][0] == 's')
		sets(block, 0, bytes);
	else
		memcpy(block, from, bytes);
	frees(block);
	puts("fine");
	return 0;
}
END
cat >origins.cc <<'END'
#include <cstdio>
#include <cstdlib>
#include <map>
#include <new>
#include <string>

static void (*volatile deletes)(void *);

int main(int, char **argv)
{
	deletes = operator delete;
	std::map<int, std::string> texts;
	for (int i = 0; i < 1000; i++)
		texts[i] = std::string(i, 'x');
	deletes(operator new(10));
	if (argv[1][0] == 'f')
		free(new int);
	if (argv[1][0] == 'd')
		delete (int *)malloc(sizeof(int));
	puts("fine");
	return 0;
}
END

# Libraries that are preloaded before ours, and bring one of the functions themselves.
cat >before_copies.c <<'END'
#include <stddef.h>

void *memset(void *to, int byte, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		((volatile char *)to)[i] = (char)byte;
	return to;
}
END
cat >before_origins.cc <<'END'
#include <cstdlib>

void operator delete(void *block) noexcept
{
	free(block);
}
END
${CC:-cc} -O2 -fno-builtin -shared -fPIC -o before_copies.so before_copies.c || exit 1
${CXX:-c++} -O2 -shared -fPIC -o before_origins.so before_origins.cc || exit 1
before=

# usage: ends EXPECTED COMMAND...; "fine": the program ends well
ends() {
	expected=$1
	shift
	# in a shell of its own, so that the shell's word on signals does not mix with the program's
	# shellcheck disable=SC2016
	LD_PRELOAD=${before:+$directory/$before:}$TEST_LIB sh -c 'exec "$0" "$@" >out 2>&1' "$@" 2>/dev/null
	grep -q "$expected" out || fail "$flags: $*: no word of '$expected'"
	[ "$(wc -l <out)" -eq 1 ] || fail "$flags: $*: not one line"
}

while read -r flags; do
	# shellcheck disable=SC2086 # words
	${CC:-cc} -w -fno-builtin $flags -o copies copies.c || exit 1
	for hardened in 0 1; do
		export HALLOC_HARDENED=$hardened HALLOC_MISMATCH=$hardened
		ends fine ./copies call 100
		ends fine ./copies pointer 100
		ends 'overflow of .* by memcpy: 150 bytes' ./copies call 150
		ends 'overflow of .* by memmove: 150 bytes' ./copies pointer 150
		ends 'overflow of .* by memset: 150 bytes' ./copies set 150
		LD_BIND_NOW=1 ends 'overflow of .* by memcpy: 150 bytes' ./copies call 150
	done
	# shellcheck disable=SC2086 # words
	${CXX:-c++} -w -fno-builtin $flags -o origins origins.cc || exit 1
	ends fine ./origins right
	ends 'mismatched free of .* made by new' ./origins free
	ends 'mismatched delete of .* made by malloc' ./origins delete
	before=before_origins.so
	ends fine ./origins free
	ends fine ./origins delete
	before=before_copies.so
	export HALLOC_HARDENED=0 HALLOC_MISMATCH=0
	ends fine ./copies set 115
	ends 'overflow of .* by memmove: 150 bytes' ./copies pointer 150
	before=
done <<'END'
-O0
-z now
-z norelro
-fno-pie -no-pie
-fno-pie -no-pie -z now
-fno-plt
-fno-plt -fno-pie -no-pie -O2
-Wl,--hash-style=sysv
END

export HALLOC_HARDENED=1 HALLOC_MISMATCH=1
# A C++ library that is part of the program is not seen, and nothing is made of it.
flags=-static-libstdc++
${CXX:-c++} -w -fno-builtin -static-libstdc++ -o origins origins.cc || exit 1
ends fine ./origins right
ends fine ./origins free

# Origins have no room to be kept in by default.
export HALLOC_HARDENED=0
LD_PRELOAD=$TEST_LIB ./origins right >out 2>&1
grep -q 'warning: HALLOC_MISMATCH=1 .* ignored' out || fail 'takes HALLOC_MISMATCH=1 alone without a word'
[ "$failures" -eq 0 ]
