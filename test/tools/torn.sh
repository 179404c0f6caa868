#!/bin/sh
# What is read while slabs come and go is read anew, until it agrees with itself.
# alone: who waits for a processor between two looks does not see the same twice
# shellcheck source=test/tools/common

. test/tools/common

subject storm
tell storm fill 1000 1000
tell storm storm 2
read_soundly() { # sets torn to whether parts stayed torn
	expect 0 "$halloc" top --json "$pid"
	is_silent err
	torn=$(($(field torn_reads_left) > 0))
	[ "$torn" -eq 1 ] || json_is_sound
}
left=0
retried=0
for _ in $(seq 40); do
	read_soundly
	left=$((left + torn))
	retried=$((retried + $(field torn_reads_retried)))
done
# Without a second look at what was torn, one in ten is.
[ "$left" -le 2 ] || fail "of 40 readings, $left stayed torn"
[ "$retried" -gt 0 ] || fail 'no reading was torn: this tests nothing'
expect 0 "$halloc" map "$pid"
says '# live [0-9]'
kill -0 "$pid" || fail 'the process did not live through it'
finish
