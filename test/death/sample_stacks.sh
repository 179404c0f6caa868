# Reports of sampled blocks show who allocated and who freed; a program may carry on after one.
directory=$(mktemp -d) || exit 1
trap 'rm -rf -- "$directory"' EXIT

fail() {
	echo "$*"
	cat "$directory/err"
	exit 1
}

cat >"$directory/program.c" <<'EOF'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *session_open(void) { char *block = malloc(100); memset(block, 1, 100); return block; }
void session_close(char *block) { free(block); putchar('.'); }
int main(void)
{
	char *block = session_open();
	session_close(block);
	volatile char *stale = block;
	printf("%d", stale[5]);
	session_close(session_open());
	puts(" end");
	return 0;
}
EOF
"${CC:-cc}" -O0 -w -rdynamic -o "$directory/program" "$directory/program.c" || exit 1

HALLOC_SAMPLE=1 LD_PRELOAD=$TEST_LIB "$directory/program" >"$directory/out" 2>"$directory/err"
status=$?
[ "$status" -eq 134 ] || fail "status $status instead of 134"
awk '/: use after free of .*, 100 bytes: byte 5 was / && !seen { seen = 1 }
	/^halloc: allocated by thread [0-9]+:$/ && seen == 1 { seen = 2 }
	/session_open/ && seen == 2 { seen = 3 }
	/^halloc: freed by thread [0-9]+:$/ && seen == 3 { seen = 4 }
	/session_close/ && seen == 4 { seen = 5 }
	/libhalloc/ { own = 1 }
	END { exit seen != 5 || own }' "$directory/err" || fail 'no stacks of both, or some of our own functions in them'

HALLOC_SAMPLE=1 HALLOC_ON_ERROR=report LD_PRELOAD=$TEST_LIB "$directory/program" >"$directory/out" 2>"$directory/err" ||
	fail 'does not carry on'
[ "$(cat "$directory/out")" = '.0. end' ] || fail "prints $(cat "$directory/out")"
[ "$(grep -c 'use after free' "$directory/err")" -eq 1 ] || fail 'not one report'

# Without sampling such a read passes, and says nothing.
LD_PRELOAD=$TEST_LIB "$directory/program" >"$directory/out" 2>"$directory/err" || fail 'ends without sampling'
[ ! -s "$directory/err" ] || fail 'speaks without sampling'
