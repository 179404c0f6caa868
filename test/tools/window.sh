#!/bin/sh
# top in a window, as a terminal shows it: to the last column, and after the window has changed its size.
# shellcheck source=test/tools/common

. test/tools/common

command -v tmux >/dev/null || skip 'tmux is not installed'
export TMUX_TMPDIR="$temporary" LC_ALL=C.UTF-8
unset TMUX
trap 'tmux kill-server 2>/dev/null; stop_all; rm -rf -- "$temporary"' EXIT
subject seen
tell seen fill 100 10000
tell seen fill 1000000 4
tell seen thread 2
command='top in a window'
tmux -f /dev/null new-session -d -x 80 -y 24 "$halloc top -d 0.2 $pid; sleep 1000" || skip 'tmux does not start here'

# shellcheck disable=SC2317,SC2329 # await calls it
window_shows() { # PATTERN
	tmux capture-pane -p >"$temporary/out"
	grep -Eq -- "$1" "$temporary/out"
}

# The table of processes and the line of keys, whole; the bar is as wide as the window.
full='(█|░){80}'
await window_shows '^ *PID COMMAND +LIVE +HELD +IDLE +CACHED +RSS +SLOTS/S +ARENAS +THREADS$'
says "^ *$pid obey .* 3\$"
says "^$pid obey: [0-9.]+M of Page A, [0-9.]+M of it in 4 large blocks\$"
says "^$full\$"
says '^ *CLASS +SLABS +LIVE +CACHED +FREE +LIVE B +WASTE B +IDLE B +LIVE%$'
says '^ *112 +[0-9]+ +100[0-9][0-9] '
says '^q quit .* \? help$'
tmux send-keys Tab
await window_shows '^ *ARENA +THREADS '
says '^q quit .* \? help$'
tmux send-keys '?'
await window_shows 'any key ends this help'
says '^LIVE +bytes in slots'
says_not '^ *PID COMMAND'

# Other sizes: a wide one, and one that has no room for the tables.
tmux send-keys x
tmux resize-window -x 120 -y 40
await window_shows '^(█|░){120}$'
[ "$(wc -l <"$temporary/out")" -eq 40 ] || fail "$command: $(wc -l <"$temporary/out") lines of 40"

# What does not fit is cut off at the last column and the last row: nothing is written over there, nothing scrolls.
tmux resize-window -x 40 -y 10
await window_shows '^halloc top .*every 0.2 s, sorte$'
says "^q quit +Tab threads' caches +lhicrapn so\$"
says '^ *PID COMMAND +LIVE +HELD +I$'
says '^(█|░){40}$'
says '^ *ARENA +THREADS +SLABS +BYTES +LIVE B$'
tmux send-keys '?'
await window_shows '^any key ends this help$'
says '^sort by +l live +h held +i idle +c cache$'
says '^leave +q$'
tmux send-keys x
tmux resize-window -x 30 -y 8
await window_shows '^halloc top .*every 0\.$'
says '^ *PID COMMAND +LIVE$'
tmux resize-window -x 80 -y 24
await window_shows "^$full\$"

# The process ends: top says so, and the window is as before.
kill -9 "$pid"
await window_shows "^halloc top: process $pid has ended"
says_not 'PID COMMAND'
finish
