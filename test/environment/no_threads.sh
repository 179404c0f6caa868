#!/bin/sh
# no_threads - a user who may start no more threads gets one warning line for HALLOC_BACKGROUND=1, and the program does as
# it would without; where threads may be started, there is nothing to say.
# shellcheck source=test/scripts/common
. test/scripts/common

other=65534
library=$temporary/libhalloc.so
chmod 755 "$temporary"
cp "$HALLOC_LIB" "$library"
chmod 755 "$library"
cp "$0" "$temporary/text"
chmod 644 "$temporary/text"

# Runs a program as a user who may have so many processes and threads, or any number.
as_other() { # [--nproc=NUMBER] VARIABLE=VALUE
	if [ "$(id -u)" -eq 0 ]; then
		expect 0 setpriv --reuid $other --clear-groups prlimit "$1" \
			env "$2" LD_PRELOAD="$library" cat "$temporary/text"
	else
		expect 0 prlimit "$1" env "$2" LD_PRELOAD="$library" cat "$temporary/text"
	fi
	cmp -s "$temporary/out" "$temporary/text" || fail "$*: does something else"
}

as_other --nproc=1 HALLOC_BACKGROUND=1
[ "$(wc -l <"$temporary/err")" -eq 1 ] || fail "not one line: $(cat "$temporary/err")"
grep -q '^halloc: warning: HALLOC_BACKGROUND: the system has no thread for it' "$temporary/err" ||
	fail "no warning: $(cat "$temporary/err")"
for variable in HALLOC_BACKGROUND=0 HALLOC_BACKGROUND=1; do
	limit=--nproc=1
	[ $variable = HALLOC_BACKGROUND=0 ] || limit=--nproc=10000
	as_other $limit $variable
	[ ! -s "$temporary/err" ] || fail "$variable: $(cat "$temporary/err")"
done
finish
