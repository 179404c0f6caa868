#!/bin/sh
# stats_files - where the statistics go, and who writes them: children, many at once, odd files, and
# programs that close everything.
# shellcheck disable=SC2012,SC2015 # plain names; "A && B || C" is meant so
# shellcheck source=test/scripts/common
. test/scripts/common

under() { # JSON-FILE COMMAND...
	file=$1
	shift
	expect 0 env HALLOC_STATS="json:$file" LD_PRELOAD="$HALLOC_LIB" "$@"
}
whole() { # FILE: holds one object, and nothing else
	head -n 1 "$1" | grep -qx '{' && tail -n 1 "$1" | grep -qx '}' &&
		[ "$(grep -cx '[{}]' "$1")" -eq 2 ] && return
	fail "$1 is not one object: $(cat "$1")"
}
holds_only() { # DIRECTORY NAME...
	directory=$1
	shift
	[ "$(ls -A "$directory" | sort | tr '\n' ' ')" = "${*:+$* }" ] ||
		fail "$command: left in its directory: $(ls -A "$directory")"
	rm -f "$directory"/*
}
pid_in() {
	sed -n 's/^"pid": \([0-9]*\),$/\1/p' "$1"
}

build act -O1 -fno-builtin <<'END' || { cat "$temporary/build.log"; exit 1; }
#define _GNU_SOURCE
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *act = argc > 1 ? argv[1] : "";

	free(malloc(100));
	if (strcmp(act, "fork") == 0) {
		pid_t child = fork();
		if (child == 0)
			exit(0);
		waitpid(child, NULL, 0);
		printf("%d %d\n", (int)getpid(), (int)child);
	} else if (strcmp(act, "_exit") == 0) {
		_exit(0);
	} else if (strcmp(act, "chdir") == 0) {
		return chdir("/proc");
	} else if (strcmp(act, "close") == 0) {
		/* Shuts what it did not open, and gets all those numbers for a file of its own. */
		int own = open(argv[2], O_RDWR | O_CREAT, 0600);
		int most = (int)sysconf(_SC_OPEN_MAX) - 24; /* for the file of statistics */
		for (int fd = 0; fd < 1024 && fd < most; fd++)
			if (fd != own)
				dup2(own, fd);
	} else if (strcmp(act, "secure") == 0) {
		printf("%lu\n", getauxval(AT_SECURE));
	} else if (strcmp(act, "stats") == 0) {
		malloc_stats();
	}
	return 0;
}
END
act=$temporary/act
dir=$temporary/dir
mkdir "$dir"

# the pid in the name; children have files of their own
under "$dir/of-%p.json" "$act" fork
read -r parent child <"$temporary/out"
whole "$dir/of-$parent.json"
whole "$dir/of-$child.json"
[ "$(pid_in "$dir/of-$parent.json")" = "$parent" ] || fail "the parent's file has another pid"
[ "$(pid_in "$dir/of-$child.json")" = "$child" ] || fail "the child's file has another pid"
rm -f "$dir/of-$parent.json" "$dir/of-$child.json"
holds_only "$dir"
under "$dir/%p-%p%" "$act" fork
read -r parent child <"$temporary/out"
rm "$dir/$parent-$parent%" "$dir/$child-$child%" || fail "%p twice, or % at the end, goes wrong"

# without it, the file is that of the process that was started
under "$dir/json" "$act" fork
read -r parent child <"$temporary/out"
[ "$(pid_in "$dir/json")" = "$parent" ] || fail "the child's figures are in its parent's file"
holds_only "$dir" json

# no exit handlers, no statistics; an older file stays as it is
echo old >"$dir/json"
under "$dir/json" "$act" _exit
[ "$(cat "$dir/json")" = old ] || fail "_exit left: $(cat "$dir/json")"
holds_only "$dir" json

# a relative name is that of the start
command="a relative name"
(cd "$dir" && HALLOC_STATS=json:json LD_PRELOAD=$HALLOC_LIB "$act" chdir) || fail "$command fails"
whole "$dir/json"
holds_only "$dir" json

# many at once leave one whole object
command="many at once"
i=0
while [ $i -lt 40 ]; do
	HALLOC_STATS=json:$dir/json LD_PRELOAD=$HALLOC_LIB "$act" &
	i=$((i + 1))
done
wait
whole "$dir/json"
holds_only "$dir" json

# links, pipes and files in directories that take no new ones are written to
ln -s real "$dir/link"
under "$dir/link" "$act"
[ -L "$dir/link" ] || fail "the link is gone"
whole "$dir/real"
holds_only "$dir" link real
mkfifo "$dir/pipe"
cat "$dir/pipe" >"$temporary/piped" &
under "$dir/pipe" "$act"
wait
whole "$temporary/piped"
holds_only "$dir" pipe

# a file that cannot be written: one line, and the program is as ever
refused() { # FILE
	under "$1" "$act"
	lines=$(grep -c '^halloc: warning: no statistics in ' "$temporary/err")
	[ "$lines" -eq 1 ] && [ "$(wc -l <"$temporary/err")" -eq 1 ] ||
		fail "json:$1: says $(cat "$temporary/err")"
	is_silent out
}
refused "$dir/no/such/file"
refused "$dir"
refused /dev/full
refused "$act/json"
grep -q "$act/json: Not a directory" "$temporary/err" || fail "$(cat "$temporary/err")"
holds_only "$dir"

# values that are none: one line
ignored() { # VALUE
	expect 0 env HALLOC_STATS="$1" LD_PRELOAD="$HALLOC_LIB" "$act"
	[ "$(grep -c '^halloc: warning: HALLOC_STATS' "$temporary/err")" -eq 1 ] &&
		[ "$(wc -l <"$temporary/err")" -eq 1 ] || fail "$1: says $(cat "$temporary/err")"
	is_silent out
}
ignored xyz
ignored 2
ignored json
ignored json:
ignored "JSON:$dir/json"
ignored "json:$dir/$(printf '%0300d' 0)"
holds_only "$dir"
for value in "" 0; do
	expect 0 env HALLOC_STATS=$value LD_PRELOAD="$HALLOC_LIB" "$act"
	is_silent err
done

# the report for people: at exit, and ours among glibc's lines of malloc_stats
expect 0 env HALLOC_STATS=1 LD_PRELOAD="$HALLOC_LIB" "$act" stats
is_silent out
[ "$(grep -c '^halloc: statistics of act, process [0-9]*: ' "$temporary/err")" -eq 2 ] ||
	fail "malloc_stats and the end of the program print: $(cat "$temporary/err")"
[ "$(grep -c '^Arena 0:$' "$temporary/err")" -eq 1 ] || fail "glibc's lines are missing"
grep -Eq '^halloc: +112 +1 +0 +[0-9]+ +[0-9]+ +0 +65536$' "$temporary/err" ||
	fail "no line of the class of 112 bytes: $(cat "$temporary/err")"
grep -v '^halloc: \|^Arena\|^system\|^in use\|^max mmap\|^Total' "$temporary/err" &&
	fail "lines of nobody"
expect 0 env LD_PRELOAD="$HALLOC_LIB" "$act" stats
grep halloc "$temporary/err" && fail "malloc_stats prints our lines unasked"

# programs that close stderr, or every file, on their way out
command="a closed stderr"
HALLOC_STATS=1 LD_PRELOAD=$HALLOC_LIB "$act" 2>&-
expect 0 env HALLOC_STATS=1 LD_PRELOAD="$HALLOC_LIB" "$act" close "$temporary/victim"
[ -f "$temporary/victim" ] && [ ! -s "$temporary/victim" ] ||
	fail "in a file of the program: $(cat "$temporary/victim")"
under "$dir/json" "$act" close "$temporary/victim"
whole "$dir/json"
holds_only "$dir" json
[ ! -s "$temporary/victim" ] || fail "in a file of the program: $(cat "$temporary/victim")"

# a set-group-id program writes no file that the environment names
ln -s "$HALLOC_LIB" "$temporary/libhalloc.so.1"
if [ "$(id -u)" -eq 0 ]; then
	build secure -fno-builtin -L"$(dirname "$HALLOC_LIB")" "$HALLOC_LIB" -Wl,-rpath,"$temporary" <<-'END'
		#include <stdio.h>
		#include <stdlib.h>
		#include <sys/auxv.h>
		int main(void)
		{
			free(malloc(100));
			printf("%lu\n", getauxval(AT_SECURE));
			return 0;
		}
	END
	expect 0 env HALLOC_STATS="json:$dir/json" "$temporary/secure"
	says '^0$'
	whole "$dir/json"
	rm -f "$dir/json"
	chmod 777 "$dir"
	chmod 755 "$temporary"
	chgrp nogroup "$temporary/secure" 2>/dev/null || chgrp daemon "$temporary/secure"
	chmod g+s "$temporary/secure"
	expect 0 env HALLOC_STATS="json:$dir/json" HALLOC_LIMIT=1M "$temporary/secure"
	says '^1$'
	is_silent err
	holds_only "$dir"
else
	echo "not the superuser, so no set-group-id program was tried"
	exit 77
fi
finish
