#!/bin/sh
# halloc run: the library is found and preloaded, and the command is as if it had been run itself.

# shellcheck disable=SC2016 # what is for the command to expand

. test/scripts/common

# The exit status is the command's, also when a signal ends it.
expect 0 "$halloc" run -- true
expect 0 "$halloc" run true
expect 1 "$halloc" run -- false
expect 77 "$halloc" run -- sh -c 'exit 77'
expect 127 "$halloc" run -- sh -c 'exit 127'
expect 137 "$halloc" run -- sh -c 'kill -9 $$'
expect 143 "$halloc" run -- sh -c 'kill $$'

# Arguments, streams and argv[0] are passed on as they are; the process is the same.
expect 0 "$halloc" run -- printf '%s|' 'a b' '' '*' '$HOME' --stats --
says '^a b\|\|\*\|\$HOME\|--stats\|--\|$'
expect 0 "$halloc" run -- sh -c 'echo out; echo err >&2'
says '^out$'
grep -qx err "$temporary/err" || fail "standard error is lost"
[ "$(echo in | "$halloc" run -- cat)" = in ] || fail "standard input is lost"
expect 0 "$halloc" run -- cat /proc/self/cmdline
tr '\0' ' ' <"$temporary/out" >"$temporary/words"
grep -q '^cat /proc' "$temporary/words" || fail "argv[0] is changed: $(cat "$temporary/words")"
expect 0 sh -c 'echo $$; exec "$0" run -- sh -c "echo \$\$"' "$halloc"
[ "$(uniq "$temporary/out" | wc -l)" -eq 1 ] || fail "the command is not run in place"
printf '#!/bin/sh\necho script\n' >"$temporary/a script"
chmod +x "$temporary/a script"
expect 0 "$halloc" run -- "$temporary/a script"
says '^script$'

# The library is really there, ahead of another that is given, and in the programs that it starts.
real=$(readlink -f -- "$HALLOC_LIB")
expect 0 "$halloc" run -- grep -c -F "$real" /proc/self/maps
expect 0 "$halloc" run -- sh -c "grep -c -F '$real' /proc/self/maps; :"
says '^[1-9]'
libc=$(awk '/libc\.so\.6|libc-2/ { print $6; exit }' /proc/self/maps)
expect 0 env LD_PRELOAD="$libc" "$halloc" run -- sh -c 'echo "$LD_PRELOAD"'
says "^$real:$libc\$"
expect 0 env LD_PRELOAD= "$halloc" run -- sh -c 'echo "$LD_PRELOAD"'
says "^$real\$"

# --stats, and no trace of it without.
expect 0 "$halloc" run --stats -- printenv HALLOC_STATS
says '^1$'
expect 1 "$halloc" run -- printenv HALLOC_STATS
is_silent out
misuse 'unknown option --stat;' "$halloc" run --stat -- true

# Found beside the script, through links, installed, and as HALLOC_LIB says, which goes first.
for place in tree/scripts/halloc:tree/libhalloc.so installed/bin/halloc:installed/lib/libhalloc.so.1
do
	script=$temporary/${place%:*} copy=$temporary/${place#*:}
	mkdir -p "${script%/*}" "${copy%/*}"
	cp scripts/halloc "$script"
	misuse 'library is missing' env HALLOC_LIB= "$script" run -- true
	cp "$real" "$copy"
	expect 0 env HALLOC_LIB= "$script" run -- printenv LD_PRELOAD
	says "^$copy\$"
	expect 0 "$script" run -- printenv LD_PRELOAD
	says "^$real\$"
	ln -s "$script" "$temporary/link"
	expect 0 env HALLOC_LIB= "$temporary/link" run -- printenv LD_PRELOAD
	says "^$copy\$"
	expect 0 env HALLOC_LIB= PATH="${script%/*}:$PATH" halloc run -- printenv LD_PRELOAD
	says "^$copy\$"
	rm "$temporary/link"
done
expect 0 env -C "$temporary/tree" HALLOC_LIB=libhalloc.so "$halloc" run -- printenv LD_PRELOAD
says "^$temporary/tree/libhalloc.so\$"

# What LD_PRELOAD cannot carry is told, rather than ignored by the dynamic loader.
mkdir "$temporary/a b" "$temporary/a:b"
for name in 'a b' 'a:b'; do
	cp "$real" "$temporary/$name/libhalloc.so"
	misuse 'cannot name a path' env HALLOC_LIB="$temporary/$name/libhalloc.so" "$halloc" run -- true
done
mkdir "$temporary/dash"
cp "$(command -v cat)" "$temporary/dash/-cat"
misuse 'begin with a dash' env PATH="$temporary/dash:$PATH" "$halloc" run -- -cat
expect 0 "$halloc" run -- "$temporary/dash/-cat"
finish
