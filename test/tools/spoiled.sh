#!/bin/sh
# A process whose Page B is damaged for good is shown without delay, with what could not be told counted.
# shellcheck source=test/tools/common

. test/tools/common

build spoil -Isrc -ldl <<'END' || {
#include "heap.h"
#include "page_b.h"
#include "pagemap.h"
#include "slab.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
	struct page_b_header *header = dlsym(RTLD_DEFAULT, "halloc_page_b");
	struct slab *last = NULL;

	for (int i = 0; i < 1000; i++)
		if (malloc(1000) == NULL)
			return 1;
	const struct heap *heap = header->heap;
	const struct pagemap *map = header->pagemap;
	for (unsigned page = 0; page < heap->granules; page++)
		if (pagemap_has_slab(&map->entries[page]))
			last = (struct slab *)map->entries[page].states - 1;
	if (last == NULL)
		return 1;
	last->free += 7;
	heap->cells[1].size = 0;
	puts("spoiled");
	fflush(stdout);
	pause();
}
END
	cat "$temporary/build.log"
	exit 1
}
start spoil "$temporary/spoil"
await grep -q spoiled "$temporary/spoil.out"
before=$(date +%s)
for _ in 1 2 3; do
	expect 0 "$halloc" top --json "$pid"
	[ "$(field torn_reads_left)" -gt 1 ] || fail "torn parts: $(field torn_reads_left)"
done
taken=$(($(date +%s) - before))
[ "$taken" -le 12 ] || fail "three looks took $taken seconds"
expect 0 "$halloc" map "$pid"
says 'parts stayed torn'
says '[?] unknown'
finish
