#!/bin/sh
# halloc-elf on damaged files: some answer, never a crash. Built with sanitizers when they are there.

. test/scripts/common

export ASAN_OPTIONS=detect_leaks=0
elf=$temporary/halloc-elf
"${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	-o "$elf" src/tools/halloc-elf.c 2>/dev/null && "$elf" LICENSE >/dev/null 2>&1 ||
	elf=$tools/halloc-elf

expect 0 "$elf" LICENSE
says '^text$'
expect 0 "$elf" scripts/halloc
says '^script /bin/sh$'
expect 0 "$elf" "$HALLOC_LIB"
says '^class (32|64)$'
says '^exports malloc$'
says_not '^interp'
expect 0 "$elf" --help
misuse 'usage' "$elf"
misuse 'usage' "$elf" a b
misuse 'No such file' "$elf" /no/such/file
misuse 'not a regular file' "$elf" .
misuse 'not a regular file' "$elf" /dev/null
mkfifo "$temporary/fifo"
misuse 'not a regular file' "$elf" "$temporary/fifo"
printf '#!/bin/sh\033[31m\001\nrest' >"$temporary/ugly"
expect 0 "$elf" "$temporary/ugly"
says '^script /bin/sh\?\[31m\?$'

# A small program, cut at every length of its headers, then with every byte of them overwritten.
echo 'int main(void) { return 0; }' | build sample -s -rdynamic -lm
size=$(wc -c <"$temporary/sample")
survives() {
	"$elf" "$temporary/damaged" >"$temporary/out" 2>"$temporary/err"
	status=$?
	if [ "$status" -ne 0 ] || [ -s "$temporary/err" ]; then
		fail "$1: exit status $status: $(head -n 3 "$temporary/err")"
	fi
}
length=0
while [ "$length" -lt "$size" ]; do
	head -c "$length" "$temporary/sample" >"$temporary/damaged"
	survives "cut to $length bytes"
	length=$((length + (length < 100 ? 11 : 797)))
done
dynamic=$(od -An -v -t x1 -w16 "$temporary/sample" | awk '
	/^ 01 00 00 00 00 00 00 00/ { print (NR - 1) * 16; exit }') # its first entry: DT_NEEDED
for start in 0 64 "${dynamic:-64}"; do
	offset=$start
	while [ "$offset" -lt $((start + 256)) ]; do
		for byte in '\377' '\000' '\200'; do
			cp "$temporary/sample" "$temporary/damaged"
			# shellcheck disable=SC2059
			printf "$byte" | dd of="$temporary/damaged" bs=1 seek="$offset" conv=notrunc 2>/dev/null
			survives "byte $offset made $byte"
		done
		offset=$((offset + 7))
	done
done
finish
