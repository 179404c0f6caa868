# The addresses of a stack lie in the calls, so that addr2line tells their lines, and in the very instruction that faulted;
# the first is the program's.
command -v addr2line >/dev/null || exit 77
directory=$(mktemp -d) || exit 1
trap 'rm -rf -- "$directory"' EXIT

cat >"$directory/program.c" <<'EOP'
#include <stdlib.h>

static void __attribute__((noinline, noreturn)) crime(void *block)
{
	free(block);
	free(block);
	abort();
}

static int __attribute__((noinline)) look(volatile int *block)
{
	return block[1];
}

int main(int argc, char **argv)
{
	int *block = malloc(100);

	if (argc > 1) {
		free(block);
		return look(block);
	}
	crime(block);
}
EOP
"${CC:-cc}" -g -O1 -w -o "$directory/program" "$directory/program.c" || exit 1

# The lines of the stack, up to main, in the error text that is read.
lines() {
	sed -n 's/^[^ ]*program(+\(0x[0-9a-f]*\))\[0x[0-9a-f]*\]$/\1/p' | while read -r offset; do
		addr2line -e "$directory/program" "$offset" | sed -n 's/.*:\([1-9][0-9]*\).*/\1/p'
	done | head -n 2 | tr '\n' ' '
}

expect() {
	[ "$2" = "$3" ] && return
	echo "$1: lines $2 instead of $3"
	cat "$directory/err"
	exit 1
}

HALLOC_BACKTRACE=1 LD_PRELOAD=$TEST_LIB "$directory/program" 2>"$directory/err"
expect 'double free' "$(lines <"$directory/err")" '6 23 '
case $(sed -n 2p "$directory/err") in
"$directory"/program*) ;;
*) expect 'first frame' "$(sed -n 2p "$directory/err")" "the program's" ;;
esac

HALLOC_BACKTRACE=1 HALLOC_SAMPLE=1 LD_PRELOAD=$TEST_LIB "$directory/program" fault 2>"$directory/err"
expect 'fault' "$(sed '/allocated by/,$d' "$directory/err" | lines)" '12 21 '
expect 'taken' "$(sed '1,/allocated by/d; /freed by/,$d' "$directory/err" | lines)" '17 '
expect 'freed' "$(sed '1,/freed by/d' "$directory/err" | lines)" '20 '
