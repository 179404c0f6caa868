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
tells_unwritable scripts/bench -n 1 --only stack --out "$temporary/bench"
tells_unwritable scripts/bench --help
misuse 'no directory for temporary files' env TMPDIR=/no/such scripts/bench --only stack --out "$temporary/bench"
expect 0 scripts/bench --help
says '^usage: bench '
for wrong in '--only nothing' '-n 0' '-n' '--with x' '--with a=/no/such' '--nonsense' 'word'; do
	# shellcheck disable=SC2086 # words
	expect 2 scripts/bench $wrong
	[ "$(wc -l <"$temporary/err")" -eq 1 ] || fail "$wrong: not one line: $(cat "$temporary/err")"
done
finish
