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

# Runs a shell command in a terminal of 80 by 30 that gets keys; what is shown goes to $temporary/out.
# A key "wait" is a while in which none is pressed.
on_terminal() { # KEYS COMMAND
	command=$2
	{
		for key in $1; do
			sleep 0.4
			case $key in
			wait) sleep 2 ;;
			*) printf '%b' "$key" ;;
			esac
		done
		sleep 0.4
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
	on_terminal wait \
		"timeout --foreground --preserve-status -s $signal 1 $tools/halloc-top -d 0.1 $pid"
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
on_terminal wait "sh -c 'sleep 1; kill -9 $pid' & $halloc top -d 0.1 $pid"
is_given_back
says "process $pid has ended"
finish
