#!/bin/sh
# halloc-measure: its figures against programs whose cost is known.

# shellcheck disable=SC2016 # what is for the command to expand

. test/scripts/common

measure=$tools/halloc-measure

# Runs halloc-measure with a report, and sets the variables named after its fields.
measured() {
	rm -f "$temporary/report"
	expect 0 "$measure" --report "$temporary/report" "$@"
	read -r exited wall user system peak_kib minor major <"$temporary/report"
}

is() { # EXPRESSION for awk, over the fields
	awk -v wall="$wall" -v user="$user" -v system_s="$system" -v peak_kib="$peak_kib" \
		-v faults="$((minor + major))" "BEGIN { exit !($1) }" ||
		fail "$command: not $1: $(cat "$temporary/report")"
}

exits() { # STATUS
	[ "$exited" -eq "$1" ] || fail "$command: reports status $exited, not $1"
}

measured true
exits 0
is 'wall < 5 && peak_kib > 100 && peak_kib < 20000 && faults > 0'
measured -- false
exits 1
measured sh -c 'exit 255'
exits 255
measured sh -c 'kill -SEGV $$'
exits 139
measured sh -c 'kill -9 $$'
exits 137
measured sleep 0.3
is 'wall >= 0.3 && wall < 5 && user < 0.2'
measured awk 'BEGIN { for (i = 0; i < 3000000; i++) sum += i }'
is 'user > 0.01 && wall >= user * 0.5'

# Memory and page faults are those of the largest, and of all, that were waited for.
echo '#include <stdlib.h>
#include <string.h>
int main(void) {
	char *room = malloc(64 << 20);
	if (room == NULL) return 1;
	memset(room, 1, 64 << 20);
	return room[12345] - 1;
}' | build big -O0
measured "$temporary/big"
exits 0
is 'peak_kib >= 65536 && peak_kib < 80000'
measured sh -c "'$temporary/big'; true"
is 'peak_kib >= 65536'

# Streams and environment; without options all is inherited.
measured --stdout "$temporary/a" --stderr "$temporary/b" --stdin LICENSE \
	--set FOO=1=2 --unset HALLOC_LIB sh -c 'cat; env >&2'
cmp -s "$temporary/a" LICENSE || fail "standard input or output is not the file"
grep -qx FOO=1=2 "$temporary/b" || fail "--set does not set"
grep -q HALLOC_LIB "$temporary/b" && fail "--unset does not unset"
measured --stdout "$temporary/a" echo short
[ "$(cat "$temporary/a")" = short ] || fail "the file of standard output is not replaced"
[ "$(echo in | "$measure" --report "$temporary/report" cat)" = in ] ||
	fail "streams are not inherited"
[ "$(wc -l <"$temporary/report")" -eq 2 ] || fail "the report is not appended"
expect 0 "$measure" true
says '^0 [0-9]+\.[0-9]{6} [0-9.]+ [0-9.]+ [0-9]+ [0-9]+ [0-9]+$'
measured --stdout "$temporary/a" "$measure" --help
grep -q '^usage: ' "$temporary/a" || fail "the options of the command are taken for its own"

# A file without a #! line is run by sh.
printf 'exit 9\n' >"$temporary/script"
chmod +x "$temporary/script"
measured "$temporary/script"
exits 9

# The time that is given, also for what the command has started.
measured --timeout 1 sh -c 'sleep 20 & echo $! >"$0"; wait' "$temporary/pid"
exits 124
is 'wall >= 1 && wall < 10'
# Within 5 seconds: a signal takes a while.
gone() {
	for _ in $(seq 50); do
		! kill -0 "$1" 2>/dev/null || grep -q ' Z ' "/proc/$1/stat" 2>/dev/null || {
			sleep 0.1
			continue
		}
		return 0
	done
	return 1
}
gone "$(cat "$temporary/pid")" || fail "a process outlives the timeout"
measured --timeout 50 sh -c 'exit 3'
exits 3
# Ending halloc-measure ends the command, which has a process group of its own.
"$measure" --timeout 50 sh -c 'echo $$ >"$0"; exec sleep 20' "$temporary/pid.2" >/dev/null &
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	[ -s "$temporary/pid.2" ] && break
	sleep 0.2
done
sleep 0.2
kill $!
wait $! 2>/dev/null
[ $? -eq 143 ] || fail "SIGTERM does not end it"
gone "$(cat "$temporary/pid.2")" || fail "the command outlives SIGTERM"

for option in --report --stdin --stdout --stderr --set --unset --timeout; do
	misuse "$option: needs a value" "$measure" $option
done
misuse 'no command' "$measure"
misuse 'no command' "$measure" --
misuse 'unknown option' "$measure" --nonsense true
misuse 'NAME=VALUE' "$measure" --set FOO true
misuse 'NAME=VALUE' "$measure" --set =1 true
misuse 'seconds' "$measure" --timeout 0 true
misuse 'seconds' "$measure" --timeout 1x true
misuse '/no/such/file: No such file' "$measure" --stdin /no/such/file true
misuse '/no/such/file: No such file' "$measure" --stdout /no/such/file true
misuse '/no/such/file: No such file' "$measure" --report /no/such/file true
expect 127 env PATH=/usr/bin:/bin "$measure" no-such-command
is_silent out
expect 126 "$measure" ./LICENSE
expect 0 "$measure" --help
says '^usage: '
finish
