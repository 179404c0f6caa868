#!/bin/sh
# A core file that is cut short, or changed where the reader looks: the map and the sites of what is left, or one line
# that says what is wrong. The sanitizers watch.
# timeout: 600
# shellcheck disable=SC2016 # for awk
# shellcheck source=test/tools/common

. test/tools/common

for program in gdb gcc readelf strace; do
	command -v "$program" >/dev/null || skip "$program is not installed"
done
parts=$(find src/tools -name '*.c' ! -name 'halloc-*')
for tool in map sites; do
	# shellcheck disable=SC2086 # words
	gcc -std=gnu11 -D_GNU_SOURCE -Isrc -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined \
		-o "$temporary/$tool" "src/tools/halloc-$tool.c" $parts >"$temporary/build.log" 2>&1 || {
		cat "$temporary/build.log"
		exit 1
	}
done
settings=HALLOC_SAMPLE=50
subject dead
tell dead fill 100 3000
tell dead fill 5000 100
tell dead fill 200000 5
tell dead thread 3
tell dead thin 3
gdb -p "$pid" -batch -ex "gcore $temporary/core" >/dev/null 2>&1
[ -s "$temporary/core" ] || fail 'gdb wrote no core'
expect 0 "$temporary/map" "$temporary/core"
is_silent err
says '# live [0-9]'
expect 0 "$temporary/sites" --limit 100 "$temporary/core"
is_silent err
says ' main \(obey\+0x'

# Where a tool reads the core, and finds something: lines of a read's number and the offset of a word that is not 0.
looks() { # TOOL ARGUMENT...
	tool=$1
	shift
	strace -y -o "$temporary/trace" -e trace=pread64 "$tools/halloc-$tool" "$@" "$temporary/core" >/dev/null
	sed -n 's/^pread64([0-9]*<[^>]*\/core>, .*, \([0-9]*\), \([0-9]*\)) *= [1-9].*/\2 \1/p' \
		"$temporary/trace" >"$temporary/reads"
	number=0
	while read -r at bytes; do
		number=$((number + 1))
		od -v -A d -t x8 -w8 -j "$at" -N "$bytes" "$temporary/core" |
			awk -v number="$number" '$2 !~ /^0*$/ && NF == 2 { print number, $1 + 0 }'
	done <"$temporary/reads" >"$temporary/words"
	[ "$number" -gt 10 ] || fail "few reads: $(head -n 5 "$temporary/trace")"
}

# Prints 300 changes, as an offset and the bytes to put there, and 60 offsets at which to cut, from the last.
damages() { # change|cut
	awk -v kind="$1" -v size="$(wc -c <"$temporary/core")" '
		BEGIN { srand(5) }
		!($1 in count) { reads[++number] = $1 }
		{ words[$1, count[$1]++] = $2 }
		END {
			for (i = 0; i < 360; i++) {
				read = reads[1 + int(rand() * number)]
				at = words[read, int(rand() * count[read])]
				byte = sprintf("\\0%03o", int(rand() * 256))
				if (i % 6 == 0)
					cut[i] = i % 12 ? at : int(rand() * size)
				else if (kind == "change" && i % 6 < 4)
					print at + i % 6, byte
				else if (kind == "change" && i % 6 == 4)
					print at + i / 6 % 2 * 4, "\\0377\\0377\\0377\\0377"
				else if (kind == "change")
					print at, byte "\\0\\0\\0\\0\\0\\0\\0"
			}
			for (i in cut)
				if (kind == "cut")
					print cut[i] | "sort -rn"
		}' "$temporary/words"
}

# The tool shows what it can, or one line says why not.
survives() { # WHAT OFFSET
	command="$tool of a core, $1 at $2"
	# shellcheck disable=SC2086 # words
	timeout 20 "$temporary/$tool" $arguments "$temporary/damaged" >"$temporary/out" 2>"$temporary/err"
	status=$?
	lines=$(wc -l <"$temporary/err")
	case $status in
	0) [ "$lines" -le 1 ] || fail "$command: $(cat "$temporary/err")" ;;
	2) [ "$lines" -eq 1 ] || fail "$command: status 2, and $(cat "$temporary/err")" ;;
	*) fail "$command: status $status: $(head -n 20 "$temporary/err")" ;;
	esac
	refusals=$((refusals + (status == 2)))
	shown=$((shown + (status == 0)))
}

survives_all() { # TOOL ARGUMENT...
	looks "$@"
	shift
	arguments=$*
	refusals=0
	shown=0
	cp "$temporary/core" "$temporary/damaged"
	damages change >"$temporary/changes"
	while read -r at what; do
		printf '%b' "$what" | dd of="$temporary/damaged" bs=1 seek="$at" conv=notrunc 2>/dev/null
		survives changed "$at"
		dd if="$temporary/core" of="$temporary/damaged" bs=1 skip="$at" seek="$at" count=8 conv=notrunc \
			2>/dev/null
	done <"$temporary/changes"
	cmp -s "$temporary/core" "$temporary/damaged" || fail 'the core was not mended'
	damages cut >"$temporary/cuts"
	while read -r at; do
		truncate -s "$at" "$temporary/damaged"
		survives cut "$at"
	done <"$temporary/cuts"
	[ "$((refusals + shown))" -eq 360 ] || fail "$tool: $refusals and $shown are not 360"
	[ "$refusals" -ge 40 ] || fail "$tool: only $refusals of 360 damages were noticed"
	[ "$shown" -ge 40 ] || fail "$tool: only $shown of 360 damaged cores could be shown"
}
survives_all map --html /dev/null --svg /dev/null
survives_all sites --json

# The program, too, where its symbols are: sites has a name for a function, or none.
kill -KILL "$pid"
cp "$temporary/core" "$temporary/damaged"
cp "$temporary/obey" "$temporary/whole"
arguments=
readelf -SW "$temporary/obey" | sed 's/\[ */[/' |
	awk '$2 ~ /^\.(sym|str|dynsym|dynstr)/ { print $5, $6 }' >"$temporary/tables"
awk -v start="$(readelf -h "$temporary/obey" | sed -n 's/.*section headers: *\([0-9]*\).*/\1/p')" \
	-v size="$(wc -c <"$temporary/obey")" '
	function number(hex, value, i) {
		for (i = 1; i <= length(hex); i++)
			value = value * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
		return value
	}
	{ first[NR] = number($1); bytes[NR] = number($2) }
	END {
		srand(7)
		for (i = 0; i < 200; i++) {
			table = 1 + int(rand() * NR)
			at = i % 2 ? start + int(rand() * (size - start)) : first[table] + int(rand() * bytes[table])
			byte = sprintf("\\0%03o", int(rand() * 256))
			print at, i % 3 ? byte : "\\0377\\0377\\0377" byte
		}
	}' "$temporary/tables" >"$temporary/changes"
named=0
while read -r at what; do
	printf '%b' "$what" | dd of="$temporary/obey" bs=1 seek="$at" conv=notrunc 2>/dev/null
	survives 'whose program is changed' "$at"
	[ "$status" -eq 0 ] || fail "$command: $(cat "$temporary/err")"
	named=$((named + ($(grep -c ' main (obey+' "$temporary/out") > 0)))
	cp "$temporary/whole" "$temporary/obey"
done <"$temporary/changes"
[ "$named" -ge 40 ] || fail "only $named of 200 changed programs have a main"
[ "$named" -lt 200 ] || fail 'no change of the program was felt'
finish
