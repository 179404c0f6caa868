#!/bin/sh
# top on a terminal: keys, sizes, and the terminal is given back whatever ends it.

. test/tools/common

command -v script >/dev/null || skip 'script is not installed'
script -qec true /dev/null >/dev/null 2>&1 || skip 'script cannot make a terminal here'
export TERM=xterm LC_ALL=C.UTF-8
esc=$(printf '\033')
subject seen
tell seen fill 100 1000
tell seen thread 3

# Waits, 20 seconds at most, until what is shown matches $1, or the command has ended.
shown() {
	tries=0
	until grep -q -e "$1" -e '^status ' "$temporary/out" || [ "$tries" -gt 400 ]; do
		tries=$((tries + 1))
		sleep 0.05
	done
}

# Runs a shell command in a terminal of 80 by 30 that gets keys; what is shown goes to $temporary/out. The
# first is pressed once the screen is taken. A key "signal-NAME" is a signal to the process whose number is
# in $temporary/top; "bury" ends the subject.
on_terminal() { # KEYS COMMAND
	command=$2
	: >"$temporary/out"
	{
		shown "$esc\[?25l"
		for key in $1; do
			sleep 0.2
			case $key in
			signal-*) kill -s "${key#signal-}" "$(cat "$temporary/top")" ;;
			bury) kill -9 "$pid" ;;
			*) printf '%b' "$key" ;;
			esac
		done
		shown '^status '
	} | timeout 60 script -qec "stty rows 30 cols 80; $2; status=\$?; echo; echo status \$status; stty -a" \
		"$temporary/typescript" >"$temporary/out" 2>"$temporary/err"
}

# The alternate screen was taken and given back, the cursor shows, and keys are echoed again.
is_given_back() {
	[ "$(grep -c "$esc\[?1049h$esc\[?25l" "$temporary/out")" -eq 1 ] ||
		fail "$command: no alternate screen"
	[ "$(grep -c "$esc\[?25h$esc\[?1049l" "$temporary/out")" -eq 1 ] ||
		fail "$command: the screen is not given back"
	says '(^|[^-])icanon'
	says '(^|[^-])echo([^a-z]|$)'
}

on_terminal '\t \t ? x l h i c a r p n k j + - z \033[A \033[B q' "$halloc top -d 0.3"
is_given_back
says '^status 0'
says 'halloc top'
says "$pid obey"
says 'CLASS +SLABS'
says 'ARENA +THREADS'
says "THREAD'S CACHE"
says 'sorted by idle'
says 'sorted by name'
says 'any key ends this help'
says '█'

# Keys that come all at once: none is lost.
on_terminal 'n\033[Ah\033[Bcq' "$halloc top -d 60 $pid"
is_given_back
says 'sorted by name'
says 'sorted by held'
says 'sorted by cached'
says '^status 0'

on_terminal 'q' "$halloc top -s rss $pid"
says 'sorted by rss'
on_terminal 'q' "env LC_ALL=C $halloc top $pid"
is_given_back
says_not '█'

# Small windows.
on_terminal 'q' "stty rows 8 cols 20; $halloc top $pid"
is_given_back
on_terminal 'q' "stty rows 1 cols 1; $halloc top $pid"
is_given_back

# Signals.
for signal in INT TERM HUP QUIT; do
	on_terminal "signal-$signal" \
		"sh -c 'echo \$\$ >$temporary/top; exec $tools/halloc-top -d 0.1 $pid'"
	is_given_back
	number=$(kill -l "$signal" 2>/dev/null) || case $signal in
	HUP) number=1 ;;
	INT) number=2 ;;
	QUIT) number=3 ;;
	TERM) number=15 ;;
	esac
	says "^status $((128 + number))"
done

# The process ends.
on_terminal bury "$halloc top -d 0.1 $pid"
is_given_back
says "process $pid has ended"
finish
