#!/bin/sh
# options - HALLOC_ variables that are wrong: one warning line each, which names the variable; the default
# is kept, and the program does as it would without.
# shellcheck source=test/scripts/common
. test/scripts/common

build subject -O0 -w -fno-builtin -pthread <<'END' || { cat "$temporary/build.log"; exit 1; }
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
static pthread_barrier_t all;
static void *work(void *arg)
{
	free(malloc(100));
	pthread_barrier_wait(&all);
	return arg;
}
/* Starts threads, and frees a block as often as it is told. */
int main(int count, char **arguments)
{
	pthread_t threads[40];
	void *block = malloc(100);
	pthread_barrier_init(&all, NULL, 41);
	for (int i = 0; i < 40; i++)
		if (pthread_create(&threads[i], NULL, work, NULL))
			return 1;
	pthread_barrier_wait(&all);
	for (int i = 0; i < 40; i++)
		pthread_join(threads[i], NULL);
	for (int i = atoi(arguments[1]); i > 0; i--)
		free(block);
	puts("lived");
	return 5;
}
END

# The program says the same as ever; then there are so many warnings, each holding TEXT, the variable.
warned() { # LINES TEXT VARIABLE=VALUE...
	lines=$1
	text=$2
	shift 2
	shown=$(printf '%s' "$*" | cut -c 1-80)
	expect 5 env "$@" LD_PRELOAD="$HALLOC_LIB" "$temporary/subject" 1
	[ "$(cat "$temporary/out")" = lived ] || fail "$shown: prints $(head -c 200 "$temporary/out")"
	if [ "$(wc -l <"$temporary/err")" -ne "$lines" ] ||
		[ "$(grep -cF "halloc: warning: $text" "$temporary/err")" -ne "$lines" ]; then
		fail "$shown: not $lines lines of $text: $(cut -c 1-200 "$temporary/err")"
	fi
}

# In hardened mode there are at most 16, all from the start, and one more for malloc(0).
arenas_are() { # NUMBER VARIABLE=VALUE...
	wanted_arenas=$1
	shift
	if [ "${HALLOC_HARDENED:-0}" = 1 ]; then
		wanted_arenas=$((wanted_arenas > 16 ? 17 : wanted_arenas + 1))
	fi
	expect 5 env "$@" HALLOC_STATS="json:$temporary/json" LD_PRELOAD="$HALLOC_LIB" \
		"$temporary/subject" 1
	arenas=$(sed -n 's/^"arenas": \([0-9]*\),$/\1/p' "$temporary/json")
	[ "$arenas" = "$wanted_arenas" ] || fail "$*: $arenas arenas, not $wanted_arenas"
}

long=$(printf '%02000d' 0)
for name in HALLOC_PURGE_AFTER_MS HALLOC_ARENAS HALLOC_MAGAZINE_BYTES_MAX; do
	for value in '' -1 -0 +1 1x '1 ' ' 1' x1 0x10 1e3 1.5 99999999999 18446744073709551616 \
		99999999999999999999999999 18446744073709551617 '%s%n%n%s' '*'; do
		warned 1 "$name:" "$name=$value"
	done
done
for name in HALLOC_ON_ERROR HALLOC_DEEPBIND HALLOC_PRESSURE; do
	for value in '' 1 -1 nothing ABORT 'abort ' 'auto off on'; do
		warned 1 "$name:" "$name=$value"
	done
done
for value in 2 json JSON:x json: yes; do
	warned 1 HALLOC_STATS: "HALLOC_STATS=$value"
done
for value in -1 0 1 10X; do
	warned 1 HALLOC_LIMIT: "HALLOC_LIMIT=$value"
done
for name in HALLOC_ HALLOC_A HALLOC_ARENA HALLOC_ARENASX HALLOC__ARENAS HALLOC_OPTIONS HALLOC_%s%n; do
	warned 1 "$name is not" "$name=1"
	warned 1 "$name is not" "$name="
done
warned 1 HALLOC_NNNNNNNNNN "HALLOC_N$(echo "$long" | tr 0 N)=1"
warned 1 HALLOC_ARENAS: "HALLOC_ARENAS=1
halloc: double free of nothing"
warned 1 "no statistics in" "HALLOC_STATS=json:$temporary/none/
file"
warned 2 HALLOC_ HALLOC_ARENAS=x HALLOC_NONE=1
warned 3 HALLOC_ HALLOC_ARENAS=x HALLOC_NONE=1 HALLOC_ON_ERROR=y

# Nothing to say: names that only look alike, and values that are right.
warned 0 none HALLOC=1 HALLOCARENAS=x XHALLOC_ARENAS=x halloc_arenas=x LIBHALLOC_ARENAS=x
warned 0 none HALLOC_ARENAS=1 HALLOC_PURGE_AFTER_MS=0 HALLOC_MAGAZINE_BYTES_MAX=0 HALLOC_STATS=0
warned 0 none HALLOC_LIB=/somewhere HALLOC_ARENAS=000000000000000000000000000000000000000001

# The default is kept: as many arenas as without, and a second free aborts; what is right has effect.
arenas_are 1 HALLOC_ARENAS=1
arenas_are 33 HALLOC_ARENAS=33
arenas_are 41 HALLOC_ARENAS=255
arenas_are 33 HALLOC_arenas=33
arenas_are 33 HALLOC_ARENAS=33 HALLOC_ARENA=2
expect 5 env HALLOC_STATS="json:$temporary/json" LD_PRELOAD="$HALLOC_LIB" "$temporary/subject" 1
usual=$(sed -n 's/^"arenas": \([0-9]*\),$/\1/p' "$temporary/json")
[ "${HALLOC_HARDENED:-0}" = 0 ] || usual=$((usual - 1))
for value in '' -1 1x 999 18446744073709551617; do
	arenas_are "$usual" HALLOC_ARENAS="$value"
done
for value in '' nothing 'report ' 1; do
	expect 134 env HALLOC_ON_ERROR="$value" LD_PRELOAD="$HALLOC_LIB" "$temporary/subject" 2
done
expect 5 env HALLOC_ON_ERROR=report LD_PRELOAD="$HALLOC_LIB" "$temporary/subject" 2
finish
