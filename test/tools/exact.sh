#!/bin/sh
# What top says of a heap is what the program made of it, to the slot.

. test/tools/common

subject exact
read_heap() {
	expect 0 "$halloc" top --json "$pid"
	json_is_sound
}
read_heap
live_before=$(field live_bytes)
slots_before=$(class_field 112 live)
blocks_before=$(field large_blocks)
block_bytes_before=$(field large_block_bytes)

tell exact fill 100 5000
tell exact fill 1048576 7
read_heap
[ $(($(class_field 112 live) - slots_before)) -eq 5000 ] ||
	fail "5000 blocks of 100 bytes are $(class_field 112 live) slots, before: $slots_before"
[ $(($(field large_blocks) - blocks_before)) -eq 7 ] || fail "7 large blocks: $(field large_blocks)"
[ $(($(field large_block_bytes) - block_bytes_before)) -eq $((7 * 1048576)) ] ||
	fail "7 MiB in large blocks: $(field large_block_bytes)"
[ $(($(field live_bytes) - live_before)) -eq $((5000 * 112 + 7 * 1048576)) ] ||
	fail "live bytes rose by $(($(field live_bytes) - live_before))"

tell exact drop 7
tell exact drop 3000
read_heap
[ $(($(class_field 112 live) - slots_before)) -eq 2000 ] || fail "2000 are left: $(class_field 112 live)"
[ "$(field large_blocks)" -eq "$blocks_before" ] || fail "no large block is left: $(field large_blocks)"
[ "$(field live_bytes)" -eq $((live_before + 2000 * 112)) ] || fail "live bytes after: $(field live_bytes)"

# A thread that caches slots has a cache, and a thread that is gone has none.
caches_before=$(grep -c '"outbox"' "$temporary/out")
tell exact thread 5
read_heap
caches=$(grep -c '"outbox"' "$temporary/out")
[ $((caches - caches_before)) -eq 5 ] || fail "5 threads more have $caches caches, before $caches_before"

# The map tells the same.
tell exact fill 1000 20000
tell exact thin 2
expect 0 "$halloc" map --width 60 "$pid"
says '# live [0-9.]+M .*- free [0-9.]+M'

# In a small window it fits, title and legend with it, and leaves the shell a line.
for form in --by\ state --by\ class '--color always'; do
	# shellcheck disable=SC2086 # words
	expect 0 "$halloc" map $form --width 40 --height 10 "$pid"
	sed 's/[[:cntrl:]]\[[0-9;]*m//g' "$temporary/out" >"$temporary/plain"
	mv "$temporary/plain" "$temporary/out"
	fits 40
	[ "$(wc -l <"$temporary/out")" -le 9 ] || fail "$command: $(cat "$temporary/out")"
	says '^hdefrag would give back '
	says '[a-z] +[0-9.]+[KM]$'
done
expect 0 "$halloc" map --html - "$pid"
says '^\[1024,64,[0-9]+,[0-9]+,1[0-9]{4},'
finish
