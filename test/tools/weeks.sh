#!/bin/sh
# weeks - how long a program has been up, and so how much it did a second, is told of programs that run for months.
# shellcheck disable=SC2015 # "A && B || C" is meant so
# shellcheck source=test/tools/common
. test/tools/common

# Ahead by 90 days: all the time, or from a program's second second on.
build ahead.so -shared -fPIC <<'END' || { cat "$temporary/build.log"; exit 1; }
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
	static time_t first;
	int result = (int)syscall(SYS_clock_gettime, clock, now);

	if (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE)
		return result;
	if (first == 0)
		first = now->tv_sec;
	if (getenv("AHEAD_AT_ONCE") || now->tv_sec > first)
		now->tv_sec += 90 * 24 * 60 * 60;
	return result;
}
END
ms=$((90 * 24 * 60 * 60 * 1000))
at_least() { # WHAT IS
	[ -n "$2" ] && [ "$2" -ge $ms ] && [ "$2" -lt $((ms + 1000000000)) ] ||
		fail "$1 is '$2', and should be a little more than $ms"
}

expect 0 env HALLOC_STATS="json:$temporary/json" LD_PRELOAD="$temporary/ahead.so $HALLOC_LIB" sleep 2.5
at_least up_ms "$(sed -n 's/^"up_ms": \([0-9]*\),$/\1/p' "$temporary/json")"

start sleeps sleep 1000
await "$halloc" top --json "$pid"
expect 0 env AHEAD_AT_ONCE=1 LD_PRELOAD="$temporary/ahead.so" "$tools/halloc-top" --json "$pid"
at_least uptime_ms "$(grep -o '"uptime_ms": *[0-9]*' "$temporary/out" | grep -o '[0-9]*$')"
finish
