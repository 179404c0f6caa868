# README.md says what is: options, rooms, verbs, targets, files, links, functions and examples.
readme=README.md
lib=${TEST_LIB:-$PWD/libhalloc.so}
status=0
cd "$(dirname "$0")/../.." || exit 1
complain() {
	echo "$readme: $*"
	status=1
}

# The code alone, a line each: of fenced blocks ("sh: make"), and between backticks ("`: make").
awk '
/^```/ { language = fenced ? "" : substr($0, 4); fenced = !fenced; next }
fenced { print language ": " $0; next }
{
	n = split($0, part, "`")
	for (i = 2; i <= n; i += 2)
		print "`: " part[i]
}
END { exit fenced }' "$readme" >"$TMPDIR/code" || complain "a block of code does not end"
grep -E '^(`|sh|console|ini|dockerfile):' "$TMPDIR/code" | sed 's/ # .*//' >"$TMPDIR/commands"

# What follows a prefix in the code, where a word begins: words PREFIX PATTERN
words() {
	grep -oE "(^|[ \`\"=(])$1$2" "$TMPDIR/commands" | sed -E "s|^[ \`\"=(]?$1||" | sort -u
}

# Two lists, a line an entry, must be the same: same "an option" FOUND EXPECTED
same() {
	sort -u "$2" >"$TMPDIR/found"
	sort -u "$3" >"$TMPDIR/expected"
	if [ ! -s "$TMPDIR/expected" ]; then
		complain "nothing to check: $1"
	fi
	diff "$TMPDIR/found" "$TMPDIR/expected" >"$TMPDIR/diff" && return
	complain "$1: < is here, > is right"
	grep '^[<>]' "$TMPDIR/diff"
}

# Options: names, bounds, words and defaults are those of src/options.h.
cat >"$TMPDIR/options.c" <<'END'
#include "options.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
static void name_print(const char *name)
{
	printf("| `HALLOC_");
	for (; *name != '\0'; name++)
		putchar(toupper(*name));
}
static void word_print(const char *words, int number)
{
	while (number-- > 0)
		words = strchr(words, ' ') + 1;
	printf(" | `%.*s` |\n", (int)strcspn(words, " "), words);
}
static void words_print(const char *name, const char *words, int initial)
{
	name_print(name);
	printf("` | `");
	for (const char *at = words; *at != '\0'; at++)
		if (*at == ' ')
			printf("` `");
		else
			putchar(*at);
	putchar('`');
	word_print(words, initial);
}
int main(void)
{
#define X(name, initial, smallest, largest, help) \
	name_print(#name), printf("` | %d to %d | %d |\n", smallest, largest, initial);
	OPTIONS_NUMBERS(X)
#undef X
#define X(name, initial, words, help) words_print(#name, words, initial);
	OPTIONS_WORDS(X)
#undef X
#define X(name, help) name_print(#name), printf("` | not set |\n");
	OPTIONS_TEXTS(X)
	return 0;
}
END
${CC:-cc} -Isrc -o "$TMPDIR/options" "$TMPDIR/options.c" && "$TMPDIR/options" >"$TMPDIR/right" || exit 1
# Texts may be described in any words.
sed -nE 's/^(\| `HALLOC_[A-Z_]+`)( \| .* \|) not set \| .* \|$/\1 | not set |/p
	t
	s/^(\| `HALLOC_[A-Z_]+` \| [^|]* \| [^|]* \|) .* \|$/\1/p' "$readme" >"$TMPDIR/here"
same options "$TMPDIR/here" "$TMPDIR/right"
sed -n 's/^| `HALLOC_\([A-Z_]*\).*/\1/p' "$TMPDIR/right" >"$TMPDIR/known"
echo LIB >>"$TMPDIR/known" # of scripts/halloc
grep -oE 'HALLOC_[A-Z_]+' "$readme" | sed 's/HALLOC_//' >"$TMPDIR/named"
same "names of options" "$TMPDIR/named" "$TMPDIR/known"

# Rooms: all of them, on the floors of scripts/layers.
floors=$(sed -n "/^floors='/,/'\$/p" scripts/layers | sed "s/floors='//; s/'//" | tr ',\n' '  ')
for file in src/*.c; do
	room=${file#src/}
	# shellcheck disable=SC2086 # words
	floor=$(printf '%s %s\n' $floors | awk -v room="${room%.c}" '$1 == room { print $2 }')
	echo "| $floor | \`$file\` |"
done >"$TMPDIR/right"
grep -oE '^\| [0-9]+ \| `src/[a-z_]+\.c` \|' "$readme" >"$TMPDIR/here"
same rooms "$TMPDIR/here" "$TMPDIR/right"

# Verbs: each is described, and no others are named; their options are in their help.
scripts/halloc --help | sed -nE 's/^  ([a-z-]+) .*/\1/p' >"$TMPDIR/right"
sed -nE 's/^\| `halloc ([a-z-]+)` \|.*/\1/p' "$readme" >"$TMPDIR/here"
same verbs "$TMPDIR/here" "$TMPDIR/right"
sed -n 's|^.*[ /]halloc \([a-z][a-z-]*\)\(.*\)|\1\2|p' "$TMPDIR/commands" | sed 's/ -- .*//' >"$TMPDIR/uses"
while read -r verb arguments; do
	if ! grep -qx -- "$verb" "$TMPDIR/right"; then
		complain "there is no verb $verb"
		continue
	fi
	for word in $arguments; do
		case $word in
		--?*)
			scripts/halloc "$verb" --help | grep -qE -- "(^|[ '])$word([^a-z-]|\$)" ||
				complain "halloc $verb has no option $word"
			;;
		esac
	done
done <"$TMPDIR/uses"

# Targets of make, tests, files, links within the repository, and headings.
targets=$(words 'make ' '[a-z]+')
for target in ${targets:-none}; do
	grep -qE "^$target:.*## " Makefile || complain "make has no target $target"
done
for test in $(words 'test/run ' '[a-z]+(/[a-z0-9_]+)?'); do
	[ -n "$(find "test/$test" "test/$test".* -prune 2>/dev/null)" ] || complain "there is no test $test"
done
files=$(words '' '(src|scripts|test|include|\.ci)/[A-Za-z0-9_./-]+')
for file in ${files:-none}; do
	[ -e "$file" ] || complain "there is no $file"
done
grep -oE '\]\([^)]+\)' "$readme" | sed 's/^](\(.*\))$/\1/' >"$TMPDIR/links"
sed -n 's/^##* //p' "$readme" | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9\n-' >"$TMPDIR/headings"
grep -q '\.svg$' "$TMPDIR/links" || complain "shows no picture"
while read -r link; do
	case $link in
	http://* | https://*) ;;
	'#'*) grep -qx -- "${link#?}" "$TMPDIR/headings" || complain "there is no heading $link" ;;
	*) [ -e "${link%%#*}" ] || complain "there is no $link" ;;
	esac
done <"$TMPDIR/links"
for picture in src/pictures/*; do
	grep -qx -- "$picture" "$TMPDIR/links" || complain "does not show $picture"
done

# Functions: those of include/halloc.h that the library exports.
while read -r name; do
	grep -qE "[ *]$name\(" include/halloc.h && echo "$name"
done <test/check/exports.txt >"$TMPDIR/right"
sed -n 's/^`: \(h[a-z_]*\)$/\1/p' "$TMPDIR/code" | grep -x -e 'h[a-z]*' -e 'heap_[a-z]*' >"$TMPDIR/here"
same functions "$TMPDIR/here" "$TMPDIR/right"

# Examples: each block of C, run, prints the block of text that follows it.
[ -n "$lib" ] && [ -f "$lib" ] || exit $status
ln -s "$lib" "$TMPDIR/libhalloc.so.1"
awk -v to="$TMPDIR/example" '
/^```/ {
	language = fenced ? "" : substr($0, 4)
	fenced = !fenced
	count += language == "c"
	next
}
language == "c" { print >(to count ".c") }
language == "text" { print >(to count ".expected") }
END { print count + 0 }' "$readme" >"$TMPDIR/count"
# shellcheck disable=SC3045 # dash and bash have it
ulimit -c 0
for example in "$TMPDIR"/example*.c; do
	example=${example%.c}
	${CC:-cc} -Wall -Werror -O0 -Wno-use-after-free -Iinclude -o "$example" "$example.c" \
		"$TMPDIR/libhalloc.so.1" || complain "an example is not built"
	# in a shell of its own, so that the shell's word on signals does not mix with the program's
	# shellcheck disable=SC2016
	LD_LIBRARY_PATH=$TMPDIR sh -c 'exec "$0" >"$0.printed" 2>&1' "$example" 2>/dev/null
	for file in "$example.printed" "$example.expected"; do
		sed -E 's/0x[0-9a-f]+/ADDRESS/; s/thread [0-9]+/thread N/' "$file" >"$file.even"
	done
	diff "$example.expected.even" "$example.printed.even" || complain "an example prints otherwise"
done
[ "$(cat "$TMPDIR/count")" -ge 2 ] || complain "the examples are gone"
exit $status
