#!/bin/sh
# trim: a process that allocates gives its idle memory back; one that sleeps is left asleep.

. test/tools/common

resident() {
	awk '/^VmRSS:/ { print $2 }' "/proc/$1/status"
}

settings=HALLOC_PURGE_AFTER_MS=3600000
subject idle
tell idle fill 200 100000
tell idle fill 3000000 5
tell idle drop 5
tell idle thin 1000
held=$(resident "$pid")

# It waits for a line, and so does not go to a slow path.
expect 1 "$halloc" trim --wait 0.5 "$pid"
is_silent err
says "^$pid \(obey\): asleep: .* the request stands"
[ "$(resident "$pid")" -ge "$held" ] || fail 'a process asleep gave memory back'

# The request stands.
tell idle churn 1
left=$(resident "$pid")
[ $((held - left)) -gt 25000 ] || fail "after the request: $held KiB, then $left KiB"

# Again, while it allocates.
tell idle fill 200 100000
tell idle thin 1000
expect 0 "$halloc" top --json "$pid"
[ "$(field idle_bytes)" -gt 15000000 ] || fail "idle: $(field idle_bytes)"
command="trim of a process that allocates"
"$halloc" trim --wait 60 "$pid" >"$temporary/out" 2>"$temporary/err" &
trim=$!
while kill -0 "$trim" 2>/dev/null; do
	tell idle churn 1
done
wait "$trim"
status=$?
[ "$status" -eq 0 ] || fail "$command: exit status $status"
is_silent err
says "^$pid \(obey\): gave back [0-9.]+M \([0-9]{8,} bytes\); resident [0-9.]+M before, [0-9.]+M after$"
given=$(sed -n 's/.*(\([0-9]*\) bytes).*/\1/p' "$temporary/out")
[ "$given" -gt 15000000 ] || fail "gave back $given"
expect 0 "$halloc" trim --wait 0 "$pid" "$pid"
says "^$pid \(obey\): asked$"
tell idle churn 1
kill -0 "$pid" || fail 'the process did not live through it'
finish
