#!/bin/sh
# halloc compare: what is the same, what differs, and what it cost.

# shellcheck disable=SC2016 # what is for the command to expand

. test/scripts/common

real=$(readlink -f -- "$HALLOC_LIB")

# The same: exit 0, one column a library, every row of the table.
expect 0 "$halloc" compare -n 2 -- cat LICENSE
is_silent err
says '^cat LICENSE$'
says 'medians of 2 runs'
says '^ +glibc +halloc$'
says '^exit status +0 +0$'
says '^stdout +- +same$'
says '^stderr +- +same$'
for row in 'wall seconds' 'user seconds' 'system seconds'; do
	says "^$row +[0-9]+\.[0-9]{3} +[0-9]+\.[0-9]{3} +([0-9]+\.[0-9][0-9]|-)\$"
done
for row in 'peak KiB' 'page faults'; do
	says "^$row +[0-9]+ +[0-9]+ +[0-9]+\.[0-9][0-9]\$"
done
says '^the behaviour is the same$'

# Whatever the status, as long as it is the same.
expect 0 "$halloc" compare -n 1 sh -c 'echo err >&2; exit 7'
says '^exit status +7 +7$'

# What differs: a command can tell by its environment under what it runs.
expect 1 "$halloc" compare -n 2 -- sh -c 'echo a; echo "b${LD_PRELOAD:+c}"; echo d'
says '^stdout +- +different$'
says '^stderr +- +same$'
says '^halloc: stdout differs at line 2$'
says '^  glibc: b$'
says '^  halloc: bc$'
says '^the behaviour differs: halloc$'
expect 1 "$halloc" compare -n 1 -- sh -c 'echo "${LD_PRELOAD:+  }a${LD_PRELOAD:+ }"' # in spaces alone
says '^  glibc: a$'
says '^  halloc:   a $'
expect 1 "$halloc" compare -n 1 -- sh -c 'echo "${LD_PRELOAD:+c}" >&2'
says '^halloc: stderr differs at line 1$'
expect 1 "$halloc" compare -n 1 -- sh -c '[ -z "$LD_PRELOAD" ] || exit 3'
says '^exit status +0 +3$'
says '^halloc: the exit status differs$'
says '^  halloc: 3$'
expect 1 "$halloc" compare -n 1 -- sh -c '[ -z "$LD_PRELOAD" ] || kill -SEGV $$'
says '^  halloc: 139 \(SIGSEGV\)$'

# A difference in any of the runs counts, not just in the first.
expect 1 "$halloc" compare -n 3 -- sh -c '
	[ -n "$LD_PRELOAD" ] || exit 0
	echo x >>"$0"; [ "$(wc -l <"$0")" -ne 3 ] || echo third' "$temporary/count"
says '^  halloc: third$'

# A command that differs by itself is told apart.
expect 1 "$halloc" compare -n 2 -- sh -c 'echo $$'
says '^stdout +varies +different'
says '^glibc: stdout differs between its own runs, at line 1: CMD is not deterministic$'
expect 1 "$halloc" compare -n 2 -- sh -c '
	[ -z "$LD_PRELOAD" ] || exit 0
	echo x >>"$0"; [ "$(wc -l <"$0")" -ne 2 ] || exit 4' "$temporary/count.2"
says '^glibc: the exit status differs between its own runs'

# Interleaved: each library in turn, and LD_PRELOAD is just the one compared.
expect 0 env LD_PRELOAD=libm.so.6 "$halloc" compare -n 3 --with "again=$real" -- \
	sh -c 'echo "${LD_PRELOAD:-none}" >>"$0"' "$temporary/order"
says '^ +glibc +halloc +again$'
for _ in 1 2 3; do
	printf '%s\n' none "$real" "$real"
done >"$temporary/wanted"
cmp -s "$temporary/order" "$temporary/wanted" || fail "the order is $(cat "$temporary/order")"
expect 0 "$halloc" compare -- sh -c 'echo >>"$0"' "$temporary/default"
[ "$(wc -l <"$temporary/default")" -eq 10 ] || fail "not five runs by default"

# Input: none, or a file, from its start each time.
echo 'from a pipe' | "$halloc" compare -n 1 -- sh -c 'cat >"$0"' "$temporary/input" >/dev/null
[ -s "$temporary/input" ] && fail "standard input is read"
expect 0 "$halloc" compare -n 2 --stdin LICENSE -- sh -c 'cat >>"$0"' "$temporary/input"
[ "$(wc -l <"$temporary/input")" -eq $((4 * $(wc -l <LICENSE))) ] || fail "--stdin is not read"

# --timeout, --tsv, a --with that may be given twice.
expect 0 "$halloc" compare -n 1 --timeout 1 -- sleep 20
says '^exit status +124 +124$'
rm -f "$temporary/tsv"
expect 0 "$halloc" compare -n 1 --with "x=$real" --with "y-1=$real" --tsv "$temporary/tsv" true
says '^ +glibc +halloc +x +y-1$'
[ "$(cut -f 1-4,10 "$temporary/tsv" | tr '\t\n' ' /')" = \
	'glibc 0 - - yes/halloc 0 same same yes/x 0 same same yes/y-1 0 same same yes/' ] ||
	fail "--tsv: $(cat "$temporary/tsv")"
awk -F '\t' 'NF != 10 || $5 <= 0 || $8 <= 0 || $9 <= 0 { exit 1 }' "$temporary/tsv" ||
	fail "--tsv has odd fields: $(cat "$temporary/tsv")"

# Odd commands: no newline at the end, NUL bytes, several lines, many bytes.
expect 0 "$halloc" compare -n 1 -- printf 'a\0b'
expect 0 "$halloc" compare -n 1 -- printf '%s\n%s' 'a
b' "$(printf '%0300d' 0)"
says '^printf %s'
expect 0 "$halloc" compare -n 1 -- sh -c 'head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2'

# A program in which the preload has no effect: a note says so.
cp "$(command -v cat)" "$temporary/set-uid"
chmod 4755 "$temporary/set-uid"
"$halloc" compare -n 1 -- "$temporary/set-uid" LICENSE >"$temporary/out" 2>"$temporary/err"
grep -q '^halloc compare: note: no effect: .* is set-uid' "$temporary/err" ||
	fail "nothing is said of a program without effect: $(cat "$temporary/err")"

# Nothing stays behind, also when it is ended.
mkdir "$temporary/tmp"
expect 0 env TMPDIR="$temporary/tmp" "$halloc" compare -n 1 -- true
TMPDIR=$temporary/tmp timeout 1 "$halloc" compare -n 1 -- sleep 20 >/dev/null 2>&1
for _ in $(seq 50); do
	[ -n "$(ls "$temporary/tmp")" ] || break
	sleep 0.1
done
[ -z "$(ls "$temporary/tmp")" ] || fail "temporary files stay: $(ls "$temporary/tmp")"

rm -rf "$temporary/tmp"
tells_unwritable "$halloc" compare -n 1 -- true
# shellcheck disable=SC2016 # for the shell that it starts
tells_unwritable "$halloc" compare -n 1 -- sh -c 'echo $$'
misuse 'no directory for temporary files' env TMPDIR=/no/such "$halloc" compare -n 1 -- true
if [ -c /dev/full ]; then
	misuse 'cannot be written: /dev/full' "$halloc" compare -n 1 --tsv /dev/full -- true
fi

for option in -n --with --stdin --timeout --tsv; do
	misuse "^halloc compare: $option needs a value" "$halloc" compare $option
done
for number in 0 -1 x 1.5 '' 10000 1x; do
	misuse 'takes a number' "$halloc" compare -n "$number" -- true
	misuse 'takes a number' "$halloc" compare --timeout "$number" -- true
done
misuse 'NAME=LIB' "$halloc" compare --with foo -- true
misuse 'NAME=LIB' "$halloc" compare --with foo= -- true
misuse 'NAME=LIB' "$halloc" compare --with "=$real" -- true
misuse 'letters' "$halloc" compare --with "a b=$real" -- true
misuse 'taken: glibc' "$halloc" compare --with "glibc=$real" -- true
misuse 'taken: halloc' "$halloc" compare --with "halloc=$real" -- true
misuse 'taken: a' "$halloc" compare --with "a=$real" --with "a=$real" -- true
misuse 'cannot be preloaded: .*/LICENSE$' "$halloc" compare --with a=LICENSE -- true
misuse 'missing.*/no/such.so' "$halloc" compare --with a=/no/such.so -- true
misuse '/no/such/file' "$halloc" compare --stdin /no/such/file -- true
misuse '/no/such/file' "$halloc" compare --tsv /no/such/file -- true
finish
