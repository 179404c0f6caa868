#!/bin/sh
# chroot - in a root with nothing but a program and its libraries: no /proc, /sys, /dev or /etc.
# shellcheck disable=SC2016 # for the inner shell
# shellcheck source=test/scripts/common
. test/scripts/common

enter=
if [ "$(id -u)" -ne 0 ]; then
	enter='unshare -r'
fi
root=$temporary/root
mkdir -p "$root/bin" "$root/lib"

# Copies a program, under a name, with the libraries it is linked with.
bring() { # FILE NAME
	cp "$1" "$root/bin/$2"
	ldd "$1" | awk '{ for (i = 1; i <= NF; i++) if ($i ~ /^\//) { print $i; break } }' |
		while read -r library; do
			mkdir -p "$root$(dirname "$library")"
			[ -e "$root$library" ] || cp -L "$library" "$root$library"
		done
}

build churn -O1 -D_GNU_SOURCE -pthread <<'END' || { cat "$temporary/build.log"; exit 1; }
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static void *work(void *arg)
{
	char *grown = NULL, *held[300] = {NULL};
	for (int i = 0; i < 30000; i++) {
		free(held[i % 300]);
		held[i % 300] = malloc((size_t)i * 7 % 3000);
		if (held[i % 300] == NULL)
			abort();
	}
	for (size_t size = 1; size < 20000000; size *= 2)
		memset(grown = realloc(grown, size), 1, size);
	free(grown);
	for (int i = 0; i < 300; i++)
		free(held[i]);
	return arg;
}
int main(void)
{
	pthread_t threads[4];
	int status;
	if (access("/proc/self/exe", F_OK) == 0)
		return 3; /* this is not the surrounding of the test */
	for (int i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, work, NULL))
			return 1;
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	if (fork() == 0) {
		work(NULL);
		_exit(0);
	}
	malloc_trim(0);
	return wait(&status) > 0 && status == 0 ? 0 : 2;
}
END
bring "$temporary/churn" churn
bring "$(command -v ls)" ls
bring "$(command -v awk)" awk
bring "$(readlink -f /bin/sh)" sh
[ -z "$TEST_LIB" ] || cp "$TEST_LIB" "$root/lib/libhalloc.so"

inside() { # STATUS VARIABLE=VALUE... COMMAND
	wanted=$1
	shift
	# shellcheck disable=SC2086 # words
	expect "$wanted" $enter chroot "$root" /bin/sh -c \
		'while [ "${1#*=}" != "$1" ]; do export "$1"; shift; done; exec "$@"' sh \
		${TEST_LIB:+LD_PRELOAD=/lib/libhalloc.so} "$@"
}

# shellcheck disable=SC2086 # words
$enter chroot "$root" /bin/sh -c 'exit 0' 2>"$temporary/err" || {
	echo "chroot is not allowed here: $(cat "$temporary/err")"
	exit 77
}
inside 0 /bin/churn
is_silent err
inside 0 /bin/ls /bin
says '^churn$'
is_silent err
inside 0 /bin/awk 'BEGIN { for (i = 0; i < 50000; i++) t = t i; print length(t) }'
says '^238890$'
is_silent err
inside 0 /bin/sh -c 'for i in 1 2 3; do /bin/ls /bin | /bin/awk "{ n++ } END { print n }"; done; echo done'
says '^done$'
is_silent err
# what looks at /proc and at control groups does without them
for variable in HALLOC_LIMIT=80% HALLOC_LIMIT=300M HALLOC_PRESSURE=on; do
	inside 0 $variable /bin/churn
	is_silent err
done
inside 0 HALLOC_STATS=json:/statistics HALLOC_LIMIT=100% /bin/churn
is_silent err
if [ -n "$TEST_LIB" ]; then
	grep -q '^"live": ' "$root/statistics" || fail "no statistics in the root"
	inside 0 HALLOC_STATS=1 /bin/churn
	grep -q '^halloc: statistics of ' "$temporary/err" || fail "no statistics: $(cat "$temporary/err")"
	inside 0 HALLOC_ARENAS=x /bin/churn
	[ "$(wc -l <"$temporary/err")" -eq 1 ] || fail "not one line: $(cat "$temporary/err")"
fi
finish
