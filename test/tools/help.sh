#!/bin/sh
# Each viewer says in its help what it does; what is wrong with a call, in one line.

. test/tools/common

for verb in top map sites trim; do
	expect 0 "$halloc" "$verb" --help
	is_silent err
	says "^usage: halloc $verb "
	says '^  --help '
	says '^Exits 0'
	fits 100
	misuse "^halloc $verb: unknown option --nonsense; see 'halloc $verb --help'" \
		"$halloc" "$verb" --nonsense 1
	expect 0 "$halloc" --help
	says "^  $verb +[a-z]"
done
expect 0 "$halloc" top --help
for option in '-d SECONDS' '-n COUNT' '-s KEY' --once --details --json --prometheus; do
	says "^  $option "
done
expect 0 "$halloc" map --help
for option in '--by state|class' '--color WHEN' '--width COLUMNS' '--height ROWS' '--svg FILE' \
	'--html FILE'; do
	says "^  $(echo "$option" | sed 's/|/[|]/') "
done
expect 0 "$halloc" sites --help
for option in '--limit N' --folded --json; do
	says "^  $option "
done
expect 0 "$halloc" trim --help
says '^  --wait SECONDS '
says 'a signal would'

# Processes that are none.
for verb in 'top --once' map sites trim; do
	# shellcheck disable=SC2086 # words
	set -- $verb
	misuse 'there is no process 999999999$' "$halloc" "$@" 999999999
	misuse 'there is no process 99999999999999999999$' "$halloc" "$@" 99999999999999999999
	misuse 'there is no process 0$' "$halloc" "$@" 0
done
for verb in 'top --once' trim; do
	# shellcheck disable=SC2086 # words
	set -- $verb
	misuse "not the number of a process: 'redis'" "$halloc" "$@" redis
	misuse "not the number of a process: ''" "$halloc" "$@" ''
	misuse "not the number of a process: '12x'" "$halloc" "$@" 12x
	misuse "not the number of a process: ' 1'" "$halloc" "$@" ' 1'
done
misuse 'unknown option -1' "$halloc" trim -1

misuse '^halloc top: -d needs a value' "$halloc" top -d
misuse "^halloc top: -d takes seconds from 0.01 to 3600, not '0'" "$halloc" top -d 0
misuse "^halloc top: -d takes seconds .* not 'nan'" "$halloc" top -d nan
misuse "^halloc top: -d takes seconds .* not '-1'" "$halloc" top -d -1
misuse "^halloc top: -d takes seconds .* not '1e9'" "$halloc" top -d 1e9
misuse "^halloc top: -n takes a number .* not '0'" "$halloc" top -n 0
misuse "^halloc top: -n takes a number .* not '1x'" "$halloc" top -n 1x
misuse "^halloc top: -s takes live, .* not 'size'" "$halloc" top -s size
misuse "^halloc trim: --wait takes seconds .* not 'long'" "$halloc" trim --wait long 1
misuse '^halloc trim: --wait needs a value' "$halloc" trim --wait
misuse '^halloc trim: no process given' "$halloc" trim
misuse '^halloc map: no process and no core given' "$halloc" map
misuse '^halloc map: only one process or core' "$halloc" map 1 2
misuse "^halloc map: --by takes state or class, not 'x'" "$halloc" map --by x 1
misuse "^halloc map: --color takes always, never or auto" "$halloc" map --color x 1
misuse "^halloc map: --width takes a number from 20 to 1000, not '19'" "$halloc" map --width 19 1
misuse "^halloc map: --height takes a number from 8 to 1000, not '7'" "$halloc" map --height 7 1
misuse '^halloc map: --svg needs a value' "$halloc" map --svg
misuse '^halloc sites: no process and no core given' "$halloc" sites
misuse '^halloc sites: only one process or core' "$halloc" sites 1 2
misuse "^halloc sites: --limit takes a number from 1 to 1000000, not '0'" "$halloc" sites --limit 0 1
misuse '^halloc sites: --limit needs a value' "$halloc" sites --limit
misuse '^halloc sites: --folded and --json do not go together$' "$halloc" sites --json --folded 1
misuse '^halloc map: --svg and --html cannot both go to standard output$' "$halloc" map --svg - --html - 1

# Options may stand behind processes, too; behind "--" there are none.
misuse '^halloc top: -d takes seconds' "$halloc" top 1 -d 0
misuse '^halloc map: --by takes state or class' "$halloc" map 1 --by x
misuse '^halloc map: --svg needs a value' "$halloc" map 1 --svg
misuse '^halloc sites: --limit takes a number' "$halloc" sites 1 --limit x
misuse '^halloc trim: --wait takes seconds' "$halloc" trim 1 --wait long
expect 0 "$halloc" trim 1 --help
says '^usage: halloc trim '
misuse "not the number of a process: '--once'" "$halloc" top -- --once
misuse 'cannot read --help: No such file' "$halloc" map -- --help
sleep 1000 &
running="$running $!"
misuse "process $! does not run under halloc" "$halloc" top $! --once

# Files that are no cores.
for verb in map sites; do
	misuse 'cannot read /no/such/core: No such file' "$halloc" $verb /no/such/core
	misuse "cannot read : No such file" "$halloc" $verb ''
	misuse 'not a core file: /dev/null' "$halloc" $verb /dev/null
	misuse "not a core file: $temporary" "$halloc" $verb "$temporary"
	misuse 'not a core file: LICENSE' "$halloc" $verb LICENSE
	misuse 'an ELF file, but not a core: ' "$halloc" $verb build/tools/halloc-map
done
: >"$temporary/empty"
misuse 'not a core file: .*/empty' "$halloc" map "$temporary/empty"
finish
