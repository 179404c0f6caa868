#!/bin/sh
# timeout: 400
# compare-stock: its table, its totals and its exit status; with few and short workloads.

. test/scripts/common

stock=$PWD/scripts/compare-stock
real=$(readlink -f -- "$HALLOC_LIB")

expect 0 "$stock" -n 1 sort bash
says '^program +library +result '
for program in sort bash; do
	says "^$program +halloc +same( +[0-9]+\.[0-9]+){6} *[0-9]+\.[0-9]+\$"
done
totals='; geometric means to glibc: time [0-9]+\.[0-9]{2}, peak memory [0-9]+\.[0-9]{2}$'
tail -n 1 "$temporary/out" | grep -Eq "^2 the same, 0 different, 0 skipped$totals" ||
	fail "the last line is: $(tail -n 1 "$temporary/out")"

# A further library has rows and totals of its own, ahead of halloc's.
expect 0 "$stock" -n 1 --with "again=$real" bash
says '^bash +halloc +same '
says '^bash +again +same '
says "^again: 1 the same, 0 different, 0 skipped$totals"
tail -n 1 "$temporary/out" | grep -Eq '^1 the same' || fail "halloc's totals are not last"

# What is not installed is named. The scripts themselves need no more than these.
mkdir "$temporary/bin"
for program in sh bash awk cat rm mv dirname readlink mktemp cksum; do
	ln -s "$(command -v "$program")" "$temporary/bin/$program"
done
expect 0 env PATH="$temporary/bin" "$stock" -n 1 bash jq git
says '^jq +- +skipped: jq is not installed$'
says '^git +- +skipped: git is not installed$'
tail -n 1 "$temporary/out" | grep -Eq "^1 the same, 0 different, 2 skipped$totals" ||
	fail "the last line is: $(tail -n 1 "$temporary/out")"
expect 1 env PATH="$temporary/bin" "$stock" -n 1 jq
tail -n 1 "$temporary/out" | grep -qx '0 the same, 0 different, 1 skipped' ||
	fail "the last line is: $(tail -n 1 "$temporary/out")"

# Programs that fail, and those in which the preload has no effect, prove nothing.
printf '#!/bin/sh\nexit 5\n' >"$temporary/bin/lua"
cp "$(command -v find)" "$temporary/bin/find"
chmod 4755 "$temporary/bin/lua" "$temporary/bin/find"
expect 0 env PATH="$temporary/bin:$PATH" "$stock" -n 1 lua find bash
says '^lua +- +skipped: the program fails, under glibc too$'
says '^find +- +skipped: .* is set-uid'

# A library that changes what programs print.
build loud.so -shared -fPIC <<'END'
#include <unistd.h>
static void __attribute__((constructor)) speak(void) { if (write(2, "hello\n", 6)) { } }
END
expect 1 env HALLOC_LIB="$temporary/loud.so" "$stock" -n 1 bash
says '^--- bash: '
says '^halloc: stderr differs at line 1$'
says '^  halloc: hello$'
says '^bash +halloc +different '
tail -n 1 "$temporary/out" | grep -qx '0 the same, 1 different, 0 skipped' ||
	fail "the last line is: $(tail -n 1 "$temporary/out")"
expect 1 "$stock" -n 1 --with "loud=$temporary/loud.so" bash
says '^loud: 0 the same, 1 different, 0 skipped$'

# Nothing stays behind.
mkdir "$temporary/tmp"
expect 0 env TMPDIR="$temporary/tmp" "$stock" -n 1 find
[ -z "$(ls "$temporary/tmp")" ] || fail "temporary files stay: $(ls "$temporary/tmp")"
tells_unwritable "$stock" -n 1 find
tells_unwritable "$stock" --help
misuse 'no directory for temporary files' env TMPDIR=/no/such "$stock" find

expect 0 "$stock" --help
says '^usage: compare-stock '
says '^  python3 perl '
misuse 'no workload for nonsense' "$stock" nonsense
misuse 'unknown option --nonsense' "$stock" --nonsense
misuse '-n needs a value' "$stock" -n
misuse '--with needs a value' "$stock" --with
misuse 'number' "$stock" -n x
misuse '^compare-stock: -n takes a number from 1 ' "$stock" -n 0
misuse 'NAME=LIB' "$stock" --with x
misuse 'space' "$stock" --with 'x=/a b'
misuse 'library is missing' env HALLOC_LIB=/no/such.so "$stock"
finish
