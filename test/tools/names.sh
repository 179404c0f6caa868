#!/bin/sh
# A process may call itself whatever it likes: what is no UTF-8 is replaced, and the columns stay in line.
# shellcheck source=test/tools/common

. test/tools/common

command -v python3 >/dev/null || skip 'python3 is not installed'
subject plain
is_text() { # what the last command printed is UTF-8
	python3 -c 'import sys; open(sys.argv[1], encoding="utf-8").read()' "$temporary/out" 2>"$temporary/err" ||
		fail "$command: not UTF-8: $(tail -n 1 "$temporary/err")"
}

# Longer than need be, a surrogate, beyond the last character, a control, half a character.
for name in '\340\200\200x' '\360\200\200\200x' '\355\240\200x' '\364\220\200\200x' '\300\200x' '\302\233x' 'x\303'; do
	name=$(printf '%b' "$name")
	cp "$(command -v sleep)" "$temporary/$name"
	start named "$temporary/$name" 1000
	await sh -c "$tools/halloc-top --once $pid >/dev/null"
	for form in --json --prometheus; do
		expect 0 "$halloc" top $form "$pid"
		is_text
	done
	expect 0 "$halloc" map --svg - "$pid"
	is_text
done

# A character is a column, however many bytes it has.
name=$(printf '%b' '\303\274\303\274\303\274\303\274\303\274\303\274\303\274x')
cp "$(command -v sleep)" "$temporary/$name"
start named "$temporary/$name" 1000
await sh -c "$tools/halloc-top --once $pid >/dev/null"
expect 0 "$halloc" top --once "$pid"
is_text
python3 - "$temporary/out" <<'END' || fail "$command: the columns are not in line: $(cat "$temporary/out")"
import sys
title, row = open(sys.argv[1], encoding="utf-8").read().splitlines()
sys.exit(len(title) != len(row))
END
finish
