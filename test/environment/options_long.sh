#!/bin/sh
# options_long - HALLOC_ variables of a kilobyte and more: the warning names the variable, and a long name or
# value is never taken for another.
# shellcheck source=test/scripts/common
. test/scripts/common

long=$(printf '%05000d' 0)
said() { # TEXT VARIABLE=VALUE
	expect 0 env "$2" LD_PRELOAD="$HALLOC_LIB" true
	shown=$(printf '%s' "$2" | cut -c 1-40)
	if [ "$(wc -l <"$temporary/err")" -ne 1 ] || ! grep -qF "halloc: warning: $1" "$temporary/err"; then
		fail "$shown: not one line with $1: $(cut -c 1-200 "$temporary/err")"
	fi
}

for name in HALLOC_ARENAS HALLOC_PURGE_AFTER_MS HALLOC_ON_ERROR HALLOC_STATS HALLOC_LIMIT; do
	said "$name: \"" "$name=x$long"
done
said 'HALLOC_ARENAS: "' "HALLOC_ARENAS=$(printf '%01001d' 0)x"
said 'HALLOC_NONE is not an option' "HALLOC_NONE=$long"
# so long that its end, taken alone, would be an option's name
said HALLOC_0000000000 "HALLOC_$(printf '%01024d' 0)arenas=1"
for length in 500 990 1000 1010 1017 1018 1024 2048 5000; do
	expect 0 env HALLOC_LIB="/$(printf "%0${length}d" 0)" LD_PRELOAD="$HALLOC_LIB" true
	command="HALLOC_LIB of $length characters"
	is_silent err
done
# other people's variables may be as long as they like
expect 0 env LIBHALLOC="$long" A="HALLOC_ARENAS=$long" LD_PRELOAD="$HALLOC_LIB" true
command="variables of others"
is_silent err
finish
