#!/bin/sh
# odd_variables - no environment but the library, odd languages, variables that glibc's malloc knows, and a
# megabyte of others: programs say what they say without the library.
# shellcheck disable=SC2016 # for awk and sh
# shellcheck source=test/scripts/common
. test/scripts/common

path=/usr/local/bin:/usr/bin:/bin
printf 'Zebra\nzebra\nİstanbul\nistanbul\nI\ni\nı\nÄpfel\napfel\n\303\050\n' >"$temporary/words"

# Runs a command in an environment of just these variables, plain and under the library.
same() { # VARIABLE=VALUE... -- COMMAND
	env -i "$@" >"$temporary/plain.out" 2>"$temporary/plain.err" </dev/null
	plain=$?
	env -i ${TEST_LIB:+LD_PRELOAD="$TEST_LIB"} "$@" \
		>"$temporary/halloc.out" 2>"$temporary/halloc.err" </dev/null
	status=$?
	says_the_same "$(printf '%s' "$*" | cut -c 1-70)" "$plain" "$status"
}

programs() { # VARIABLE=VALUE...
	same "$@" /usr/bin/sort "$temporary/words"
	same "$@" /bin/ls -l /etc
	same "$@" /usr/bin/awk '{ print toupper($0), length($0) }' "$temporary/words"
	same "$@" /bin/sh -c 'printf "%s\n" "$LANG" "$0"; for i in 3 2 1; do echo $i; done | sort'
}

programs
programs PATH=$path
long=$(printf '%0100000d' 7)
for language in C POSIX C.UTF-8 en_US.UTF-8 tr_TR.UTF-8 tr_TR.ISO-8859-9 zz_ZZ '' . / ../../etc %s%n "$long"; do
	programs PATH=$path LANG="$language"
	programs PATH=$path LC_ALL="$language" LANGUAGE="$language"
done
# options are found by name in any language; i and I are no pair in Turkish
if [ -n "$TEST_LIB" ]; then
	for language in C tr_TR.UTF-8 zz_ZZ; do
		expect 0 env -i LC_ALL=$language HALLOC_LIMIT=5M HALLOC_limit=7M HALLOC_STATS="json:$temporary/json" \
			LD_PRELOAD="$TEST_LIB" /bin/ls /
		is_silent err
		grep -q '"limit": {"bytes": [57]' "$temporary/json" || fail "$language: HALLOC_LIMIT is not found"
	done
fi
for variable in MALLOC_ARENA_MAX=1 MALLOC_CHECK_=3 MALLOC_PERTURB_=165 MALLOC_TRACE=/nowhere/trace \
	GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.perturb=7:glibc.pthread.rseq=0 \
	LD_BIND_NOW=1 LD_DEBUG= MALLOC_CONF=abort:true; do
	programs PATH=$path "$variable"
done
set --
for number in 1 2 3 4 5 6 7 8 9 10; do
	set -- "$@" "VARIABLE_$number=$long"
done
programs PATH=$path "$@"

# Not one variable: the loader is told by its own option.
loader=$(ldd /bin/ls | awk '$1 ~ /\/ld[-.a-z0-9_]*\.so/ { print $1 }')
if [ -x "$loader" ] && "$loader" --help 2>&1 | grep -q -- --preload; then
	env -i "$loader" /bin/ls -l /etc >"$temporary/plain.out" 2>&1
	expect 0 env -i "$loader" ${TEST_LIB:+--preload "$TEST_LIB"} /bin/ls -l /etc
	cmp -s "$temporary/plain.out" "$temporary/out" || fail "$command: differs"
	is_silent err
else
	fail "the loader '$loader' knows no --preload"
fi
finish
