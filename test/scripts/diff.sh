#!/bin/sh
# halloc-diff: the first difference of any two files.

. test/scripts/common

diff=$tools/halloc-diff

# The files that printf makes of $1 and $2 differ; $3, $4 and $5 are the three lines that say where.
differ() {
	# shellcheck disable=SC2059
	printf "$1" >"$temporary/1"
	# shellcheck disable=SC2059
	printf "$2" >"$temporary/2"
	expect 1 "$diff" "$temporary/1" "$temporary/2"
	printf '%s\n' "$3" "$4" "$5" >"$temporary/wanted"
	cmp -s "$temporary/out" "$temporary/wanted" ||
		fail "of '$1' and '$2': $(cat "$temporary/out")"
}

differ 'a\nb\nc\n' 'a\nx\nc\n' 2 b x
differ 'a\n' 'a\nb\n' 2 '(end of file)' b
differ '' 'a\n' 1 '(end of file)' a
differ 'a\n\n' 'a\n' 2 '' '(end of file)'
differ 'a\n' 'a' 1 a 'a (no newline at the end)'
differ 'a\0b' 'a\0c' 1 'a\x00b (no newline at the end)' 'a\x00c (no newline at the end)'
differ 'tab\t\\ \303\244\n' 'tab\n' 1 'tab\t\\ \xc3\xa4' tab
long=$(printf '%0200d' 0)
cut=$(printf '%030d' 0)
differ "$long""1\n" "$long""2\n" 1 "...${cut}1" "...${cut}2"
differ "1$long\n" "2$long\n" 1 "1$(printf '%079d' 0)..." "2$(printf '%079d' 0)..."

expect 0 "$diff" LICENSE LICENSE
is_silent out
expect 0 "$diff" /dev/null /dev/null
misuse 'usage' "$diff"
misuse 'usage' "$diff" LICENSE
misuse 'No such file' "$diff" LICENSE /no/such/file
misuse 'No such file' "$diff" /no/such/file LICENSE
misuse 'cannot be read' "$diff" LICENSE .
expect 0 "$diff" --help
says '^usage: '
finish
