#!/bin/sh
# bench: one round of two programs gives tables, a chart and all runs; what is wrong is told in a line.
# timeout: 400
# shellcheck source=test/scripts/common
. test/scripts/common

expect 0 scripts/bench -n 1 --only stack --only spawn --out "$temporary/bench"
says '^Medians of 1 round, measured on: '
says '^\| stack \| [0-9.]+ s '
says '^\| spawn \| [0-9.]+ MiB '
says '^\| \*\*geometric mean\*\* '
[ "$(grep -c '^stack' "$temporary/bench/bench.tsv")" -ge 2 ] || fail 'bench.tsv: not a run a library'
cmp -s "$temporary/out" "$temporary/bench/bench.md" || fail 'bench.md is not what was printed'
svg=$temporary/bench/bench.svg
[ "$(head -c 4 "$svg")" = '<svg' ] || fail 'bench.svg: no chart'
[ "$(tail -n 1 "$svg")" = '</svg>' ] || fail 'bench.svg: half a chart'
[ "$(grep -c '<circle .*<title>stack: halloc ' "$svg")" -eq 2 ] || fail 'bench.svg: no dots for halloc'
grep -q 'Medians of 1 round;' "$svg" || fail "bench.svg: $(grep Medians "$svg")"
# A column is to the best of the others, glibc among them: of the means, too.
printf '%s\t%s\t0\t%s\t1\t%s\t1\n' a glibc 1 1024 a halloc 0.4 2048 a other 0.8 4096 >"$temporary/runs"
awk -F '\t' -v rounds=1 -f test/bench/medians.awk -f test/bench/table.awk "$temporary/runs" >"$temporary/out"
command='the table'
says '^\| a .* 0\.50 \(other\) \|$'
says '^\| \*\*geometric mean\*\* .* \*\*0\.50\*\* \(other\) \|$'
says '^\| a .* 2\.00 \(glibc\) \|$'
says '^\| \*\*geometric mean\*\* .* \*\*2\.00\*\* \(glibc\) \|$'
tells_unwritable scripts/bench -n 1 --only stack --out "$temporary/bench"
tells_unwritable scripts/bench --help
misuse 'no directory for temporary files' env TMPDIR=/no/such scripts/bench --only stack --out "$temporary/bench"
expect 0 scripts/bench --help
says '^usage: bench '
misuse 'cannot be preloaded: .*/LICENSE$' scripts/bench --with a=LICENSE --only stack --out "$temporary/bench"
misuse 'cannot be preloaded: .*/LICENSE$' env HALLOC_LIB=LICENSE scripts/bench --only stack --out "$temporary/bench"
# Without a compiler what is installed is measured still; of what is to be built a line says why not.
mkdir "$temporary/bin"
for program in sh awk cat rm mv cp dirname readlink mktemp mkdir date nproc sed head tr uname getconf paste cut wc perl; do
	path=$(command -v "$program") && ln -s "$path" "$temporary/bin/$program"
done
misuse 'make is not installed' env PATH="$temporary/bin" scripts/bench --only stack --out "$temporary/bench"
expect 1 env PATH="$temporary/bin" scripts/bench -n 1 --only lua --out "$temporary/bench"
says '^Skipped: lua: lua is not installed'
for wrong in '--only nothing' '-n 0' '-n' '--with x' '--with a=/no/such' '--nonsense' 'word'; do
	# shellcheck disable=SC2086 # words
	expect 2 scripts/bench $wrong
	[ "$(wc -l <"$temporary/err")" -eq 1 ] || fail "$wrong: not one line: $(cat "$temporary/err")"
done
finish
