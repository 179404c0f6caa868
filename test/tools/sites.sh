#!/bin/sh
# sites tells which calls hold the memory, in which proportion, of a process and of its core; and what it cannot see.
# shellcheck source=test/tools/common

. test/tools/common

# Holds 100,000 blocks of 100 bytes, 40,000 of 1000, and 4,000 of 20,000, from a function each: 10, 40 and 80 MB.
cat >"$temporary/three.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What is not static is seen by the loader, too. */
#define APART __attribute__((noinline, noclone))
#define KEPT(call) do { void *ptr = call; __asm__ volatile("" : : "r"(ptr) : "memory"); } while (0)
APART void small_block(void) { KEPT(malloc(100)); }
APART static void middle_block(void) { KEPT(malloc(1000)); }
APART void large_block(void) { KEPT(calloc(2, 10000)); }

int main(void)
{
	for (unsigned i = 0; i < 200000; i++) {
		free(malloc(300)); /* holds nothing */
		if (i % 2 == 0)
			small_block();
		if (i % 5 == 0)
			middle_block();
		if (i % 50 == 0)
			large_block();
	}
	puts("done");
	fflush(stdout);
	for (;;)
		pause();
}
END
build three -O1 -g -rdynamic <"$temporary/three.c" || {
	cat "$temporary/build.log"
	exit 1
}
holder() { # NAME PROGRAM
	start "$1" "$temporary/$2"
	await grep -q 'done' "$temporary/$1.out"
}

# The estimate of a function's bytes, in folded stacks; and whether it lies between the two that are given.
estimate() {
	sed -n "s/^.*;main;$1 \([0-9]*\)\$/\1/p" "$temporary/out" | awk '{ sum += $1 } END { printf "%.0f", sum }'
}
holds() { # FUNCTION LEAST MOST
	bytes=$(estimate "$1")
	[ "$bytes" -ge "$2" ] || fail "$command: $1 holds only $bytes bytes"
	[ "$bytes" -le "$3" ] || fail "$command: $1 holds $bytes bytes"
}
# By chance: of 500 and 200 samples, four times what is usual at most; of 20, so many to be sure.
folded_is_right() { # PID|CORE
	expect 0 "$halloc" sites --folded "$1"
	is_silent err
	holds small_block 8000000 12000000
	holds middle_block 28000000 52000000
	holds large_block 12000000 200000000
	! grep -Evq '^[^ ;]+(;[^ ;]+)* [0-9]+$' "$temporary/out" || fail "$command: $(cat "$temporary/out")"
	says_not 'free|0x0 '
}
settings=HALLOC_SAMPLE=200
holder three three
folded_is_right "$pid"
expect 0 "$halloc" sites "$pid"
is_silent err
says "^process $pid \(three\): live 1[23][0-9]M; by the [0-9]+ sampled blocks, one in 200, [0-9.]+M in 1[0-9]+k blocks$"
says '^ +BYTES +BLOCKS +SAMPLED +CALLS'
says '^ +[0-9.]+M +[0-9.]+k +[0-9]+  large_block \(three\+0x[0-9a-f]+\)$'
says '^ {25}main \(three\+0x[0-9a-f]+\)$'
says_not 'in [0-9]+ more'
says_not 'not all is seen'
expect 0 "$halloc" sites --limit 1 "$pid"
says '^ +[0-9.]+M in [0-9]+ more; --limit shows them$'
[ "$(grep -c ' main (' "$temporary/out")" -eq 1 ] || fail "$command: $(cat "$temporary/out")"
expect 0 "$halloc" sites --json "$pid"
says "^\{\"pid\":$pid,\"command\":\"three\",\$"
says '"function":"middle_block"'
if command -v python3 >/dev/null; then
	python3 - "$temporary/out" <<'END' || fail "$command: $(cat "$temporary/out")"
import json, sys
said = json.load(open(sys.argv[1]))
assert said["sample_one_in"] == 200 and said["samples_missed"] == 0, said
assert said["sampled_blocks"] == sum(site["sampled_blocks"] for site in said["sites"]), said
assert all(site["bytes"] == 200 * site["sampled_bytes"] for site in said["sites"]), said
END
fi

# An offset leads to the line of the call.
if command -v addr2line >/dev/null; then
	expect 0 "$halloc" sites --limit 1000 "$pid"
	offset=$(sed -n 's/^.* middle_block (three+\(0x[0-9a-f]*\))$/\1/p' "$temporary/out" | head -n 1)
	line=$(grep -n 'middle_block(void)' "$temporary/three.c" | cut -d: -f1)
	addr2line -e "$temporary/three" "$offset" | grep -Eq ":$line( |\$)" ||
		fail "$offset is $(addr2line -e "$temporary/three" "$offset"), not line $line"
fi

# The core says what the process says.
if command -v gdb >/dev/null; then
	cp "$temporary/out" "$temporary/alive"
	expect 0 "$halloc" sites --folded "$pid"
	mv "$temporary/out" "$temporary/alive"
	gdb -p "$pid" -batch -ex "gcore $temporary/core" >/dev/null 2>&1
	[ -s "$temporary/core" ] || fail 'gdb wrote no core'
	folded_is_right "$temporary/core"
	cmp -s "$temporary/alive" "$temporary/out" ||
		fail "the core says otherwise: $(diff "$temporary/alive" "$temporary/out" | head -n 5)"
	expect 0 "$halloc" sites "$temporary/core"
	says "^core of $pid \(three\): "
fi

# Without symbols those for the loader are left; without the file, or with another in its place, places alone.
strip -o "$temporary/bare" "$temporary/three"
cp "$temporary/three" "$temporary/moved"
holder bare bare
expect 0 "$halloc" sites "$pid"
says ' large_block \(bare\+0x'
says_not 'middle_block'
says ' bare\+0x[0-9a-f]+$'
holder moved moved
build other -O1 -g -rdynamic -Dlarge_block=wrong_block <"$temporary/three.c"
mv "$temporary/other" "$temporary/moved"
if [ -f "$temporary/core" ]; then
	rm -f "$temporary/core"
	gdb -p "$pid" -batch -ex "gcore $temporary/core" >/dev/null 2>&1
	expect 0 "$halloc" sites "$temporary/core"
	says ' moved\+0x[0-9a-f]+$'
	says_not '(large|wrong|middle)_block'
fi
expect 0 "$halloc" sites "$pid"
says ' +(large_block \()?moved\+0x[0-9a-f]+\)?$' # the file has no name any more, but root can open it
says_not 'wrong_block'

# What libc was stripped of is looked for where debuggers find it, by the build id.
if command -v readelf >/dev/null; then
	libc=$(sed -n 's|.* \(/.*/libc\.so\.6\)$|\1|p' "/proc/$pid/maps" | head -n 1)
	id=$(readelf -n "$libc" | sed -n 's/.*Build ID: \(..\)\(.*\)/\1\/\2/p')
	expect 0 "$halloc" sites "$pid"
	[ ! -f "/usr/lib/debug/.build-id/$id.debug" ] || says ' __libc_start_call_main \(libc\.so\.6\+0x'
fi

# More samples than may be live at a time.
settings=HALLOC_SAMPLE=10
holder many three
expect 0 "$halloc" sites "$pid"
says '^not all is seen: only 1024 sampled blocks may be live at a time, and [1-9][0-9]+ more had no room; '
expect 0 "$halloc" sites --folded "$pid"
grep -q '^halloc sites: not all is seen: ' "$temporary/err" || fail "$command: says nothing of what is missing"
says_not 'not all'

# Nothing is sampled.
settings=
holder none three
misuse "^halloc sites: process $pid does not sample what it allocates: start it with HALLOC_SAMPLE=1000" \
	"$halloc" sites "$pid"
settings='HALLOC_SAMPLE=100 HALLOC_HARDENED=1'
holder hard three
misuse "^halloc sites: process $pid does not sample .* without HALLOC_HARDENED$" "$halloc" sites "$pid"
settings=HALLOC_SAMPLE=1000000000
start idle sleep 1000
await sh -c "$halloc sites $pid >/dev/null"
expect 0 "$halloc" sites "$pid"
says 'by the 0 sampled blocks'

# Blocks come and go all the time: what is said is right even so.
settings=HALLOC_SAMPLE=3
subject storm
tell storm storm 2
for _ in 1 2 3 4 5 6 7 8 9 10; do
	expect 0 "$halloc" sites --json "$pid"
	[ "$(sed -n 's/^ "torn_reads_left":\([0-9]*\),/\1/p' "$temporary/out")" -le 2 ] ||
		fail "$command: $(grep torn "$temporary/out")"
done
kill -0 "$pid" || fail 'the process did not live through it'

# What is damaged for good is counted, and the rest is told, without delay.
build spoil -Isrc -ldl <<'END' || {
#include "guards.h"
#include "page_b.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void spoil(unsigned way, struct pagemap_entry *entry, struct guarded *block)
{
	switch (way) {
	case 0:
		entry->states = (uint8_t *)0x123456789000;
		break;
	case 1:
		entry->states = (uint8_t *)UINTPTR_MAX - 7;
		break;
	case 2:
		block->taken.count = 1000000;
		break;
	case 3:
		block->taken.count = -1;
		break;
	case 4:
		block->size = SIZE_MAX;
		break;
	case 5:
		block->cell_bytes = (size_t)1 << 63;
		break;
	case 6:
		block->cell += HEAP_PAGE_BYTES; /* as of the block behind it */
		break;
	case 7:
		memset(&block->live, 77, 1);
		break;
	case 8: /* of which nothing is wrong but where it comes from */
		block->taken.count = 3;
		block->taken.frames[0] = NULL;
		block->taken.frames[1] = (void *)UINTPTR_MAX;
		block->taken.frames[2] = block;
		break;
	}
}

int main(void)
{
	struct page_b_header *header = dlsym(RTLD_DEFAULT, "halloc_page_b");
	const struct pagemap *map = header->pagemap;
	unsigned way = 0;

	for (unsigned i = 0; i < 200; i++)
		memset(malloc(50), 0, 50);
	for (size_t page = 0; page < map->bytes / HEAP_PAGE_BYTES; page++)
		if (pagemap_is_guarded(&map->entries[page]))
			spoil(way++, &map->entries[page], (struct guarded *)(void *)map->entries[page].states);
	puts("done");
	fflush(stdout);
	for (;;)
		pause();
}
END
	cat "$temporary/build.log"
	exit 1
}
settings=HALLOC_SAMPLE=5
holder spoil spoil
before=$(date +%s)
expect 0 "$halloc" sites "$pid"
[ "$(($(date +%s) - before))" -le 5 ] || fail "$command takes its time"
says '^8 blocks could not be told$'
says ' main \(spoil\+0x'
expect 0 "$halloc" sites --limit 100 "$pid"
says ' 0x0$'
says ' 0xffffffffffffffff$'
finish
