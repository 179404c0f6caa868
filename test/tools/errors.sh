#!/bin/sh
# A process that cannot be shown: one line says why, and the status is 2.

. test/tools/common

# Calls each verb on a process that cannot be shown, for a reason that matches $1.
refused() { # PATTERN PID
	misuse "^halloc top: .*$1" "$halloc" top --once "$2"
	misuse "^halloc top: .*$1" "$halloc" top --json "$2"
	misuse "^halloc map: .*$1" "$halloc" map "$2"
	misuse "^halloc sites: .*$1" "$halloc" sites "$2"
	misuse "^halloc trim: .*$1" "$halloc" trim --wait 1 "$2"
}

sleep 1000 &
plain=$!
running="$running $plain"
refused "process $plain does not run under halloc" "$plain"

subject wrong
tell wrong version 77
refused "process $pid runs another version of halloc: its Page B has version 77, this tool knows" "$pid"
wrong=$pid

# Of several, those that can be shown are; top without processes leaves the others out.
subject right
expect 2 "$halloc" top --once "$wrong" "$pid"
says "^ *$pid obey "
says_not "^ *$wrong "
expect 0 "$halloc" top --once
says "^ *$pid obey "
says_not "^ *$wrong "
is_silent err

# One that is dead, but not yet buried.
tell right zombie
zombie=$(tail -n 1 "$temporary/right.out")
grep -q '^State:.*Z' "/proc/$zombie/status" || fail "process $zombie is no zombie"
refused "process $zombie has ended" "$zombie"

# A thread of the kernel, where any can be seen.
if grep -qx kthreadd /proc/2/comm 2>/dev/null && [ "$(id -u)" -eq 0 ]; then
	refused 'process 2 (has no memory: it is a thread of the kernel|does not run under halloc)$' 2
fi

# One that ends meanwhile.
"$halloc" top -d 0.05 -n 1000 "$pid" >"$temporary/out" 2>"$temporary/err" &
top=$!
await grep -q "$pid obey" "$temporary/out"
echo end >&9
wait "$top"
status=$?
[ "$status" -eq 2 ] || fail "top of a process that ended: exit status $status"
[ "$(cat "$temporary/err")" = "halloc top: process $pid has ended" ] ||
	fail "top of a process that ended says: $(cat "$temporary/err")"
await sh -c "! kill -0 $pid"
# Much memory takes its time to go: meanwhile there is none to be read, and the process is still there.
subject asleep
tell asleep fill 100000 3000
"$halloc" trim --wait 60 "$pid" >"$temporary/out" 2>"$temporary/err" &
trim=$!
# shellcheck disable=SC2317,SC2329 # await calls it
has_opened() { # PID: it reads the memory of another process
	for descriptor in "/proc/$1/fd/"*; do
		case $(readlink "$descriptor") in
		/proc/*/mem) return 0 ;;
		esac
	done
	return 1
}
await has_opened "$trim"
echo end >&9
wait "$trim"
status=$?
[ "$status" -eq 2 ] || fail "trim of a process that ended: exit status $status"
[ "$(cat "$temporary/err")" = "halloc trim: process $pid has ended" ] ||
	fail "trim of a process that ended says: $(cat "$temporary/err")"

# One that goes over to another program meanwhile, and comes by no slow path before, where it would answer.
subject changing
"$halloc" trim --wait 60 "$pid" >"$temporary/out" 2>"$temporary/err" &
trim=$!
await has_opened "$trim"
echo become >&9
wait "$trim"
status=$?
[ "$status" -eq 2 ] || fail "trim of a process that changed: exit status $status"
[ "$(cat "$temporary/err")" = "halloc trim: process $pid runs another program now" ] ||
	fail "trim of a process that changed says: $(cat "$temporary/err")"

# Files that cannot be written, and a reader that goes away.
subject right
misuse '^halloc map: cannot write /no/such/file: No such file' "$halloc" map --svg /no/such/file "$pid"
if [ -c /dev/full ]; then
	misuse '^halloc map: cannot write .*: No space left' "$halloc" map --html /dev/full "$pid"
	[ -c /dev/full ] || fail 'map has removed a device'
	"$halloc" top --json "$pid" 2>"$temporary/err" >/dev/full
	status=$?
	[ "$status" -eq 2 ] || fail "top to a full device: exit status $status"
fi
"$halloc" top -d 0.01 "$pid" 2>"$temporary/err" | head -n 5 >"$temporary/out"
[ "$(wc -l <"$temporary/out")" -eq 5 ] || fail 'top does not print again and again into a pipe'
[ ! -s "$temporary/err" ] || fail "top into a pipe that closes: $(cat "$temporary/err")"

# Without permission.
command -v setpriv >/dev/null || skip 'setpriv is not installed'
[ "$(id -u)" -eq 0 ] || skip 'only root can be without permission for certain'
chmod 755 "$temporary"
refused_as_nobody() { # VERB PID
	as_nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
	# shellcheck disable=SC2086 # words
	misuse "no permission to read process $2: be its user, or root" $as_nobody "$tools/halloc-$1" "$2"
}
setpriv --reuid=65534 --regid=65534 --clear-groups "$tools/halloc-top" --help >/dev/null 2>&1 ||
	skip 'nobody may not run the tools here'
for verb in top map sites trim; do
	refused_as_nobody "$verb" "$pid"
done
expect 0 setpriv --reuid=65534 --regid=65534 --clear-groups "$tools/halloc-top" --once
says_not "^ *$pid "
grep -q '^halloc top: no process that may be read runs under halloc, and others may not be$' "$temporary/err" ||
	fail 'top --once of nobody says nothing'

# Root that may not trace. The process must have a capability more.
has_trace() { # PID
	[ $((0x$(sed -n 's/^CapPrm:[[:space:]]*//p' "/proc/$1/status") >> 19 & 1)) -eq 1 ]
}
has_trace "$pid" || skip 'root may not trace here'
untracing='setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace'
for verb in top map sites trim; do
	# shellcheck disable=SC2086 # words
	misuse "no permission to read process $pid, though this is root: it takes CAP_SYS_PTRACE\$" \
		$untracing "$tools/halloc-$verb" "$pid"
done
finish
