#!/bin/sh
# stats_json - HALLOC_STATS=json:FILE: the figures, against mallinfo2 and malloc_info of the same moment.
#
# The program's heap is left as it is from the moment of asking to its end: it prints with write.
# shellcheck disable=SC2015 # "A && B || C" is meant so
# shellcheck source=test/scripts/common
. test/scripts/common

build figures -O1 -fno-builtin <<'END' || { cat "$temporary/build.log"; exit 1; }
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static char buffer[1 << 16], line[1000];

int main(int argc, char **argv)
{
	enum { SMALL = 1000, ODD = 17, LARGE = 5 };
	static char *small[SMALL], *odd[ODD], *large[LARGE];
	FILE *file = fopen(argv[argc - 1], "w");

	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); /* page faults are to be of OS pages */
	setvbuf(file, buffer, _IOFBF, sizeof buffer);
	for (int i = 0; i < SMALL; i++)
		small[i] = memset(malloc(100), 1, 100);
	for (int i = 0; i < SMALL; i += 3)
		free(small[i]);
	for (int i = 0; i < ODD; i++)
		odd[i] = malloc(32000);
	char *peak = memset(malloc(32 << 20), 1, 32 << 20);
	for (int i = 0; i < LARGE; i++)
		large[i] = malloc(1 << 20);
	free(peak);
	free(large[0]);
	free(large[1]);
	malloc_trim(0);
	free(odd[0]);
	malloc_info(0, file);
	fflush(file);
	struct mallinfo2 now = mallinfo2();
	write(1, line,
	      (size_t)snprintf(line, sizeof line,
	              "\"mallinfo2\": {\"arena\": %zu, \"ordblks\": %zu, \"hblks\": %zu, "
	              "\"hblkhd\": %zu, \"uordblks\": %zu, \"fordblks\": %zu, \"keepcost\": %zu}\n",
	              now.arena, now.ordblks, now.hblks, now.hblkhd, now.uordblks, now.fordblks,
	              now.keepcost));
	return 0;
}
END

json=$temporary/json
# The number under the keys $1 (of a line) and $2 (in it), of the JSON.
field() {
	awk -v object="\"$1\": {" -v key="\"$2\": " '
		index($0, object) == 1 || (object == "\"\": {" && index($0, key) == 1) {
			sub(".*" key, "")
			sub("[,}].*", "")
			print
		}' "$json"
}
# The number under the key $2 of the class of $1 bytes.
of_class() {
	awk -v class="\"slot_bytes\": $1," -v key="\"$2\": " '
		index($0, class) { sub(".*" key, ""); sub("[,}].*", ""); print }' "$json"
}
# The sum of the numbers under the key $1 over all classes.
over_classes() {
	awk -v key="\"$1\": " '
		/"slabs"/ { sub(".*" key, ""); sub("[,}].*", ""); sum += $0 }
		END { printf "%d\n", sum }' "$json"
}
equal() { # WHAT IS SHOULD-BE
	[ -n "$2" ] && [ "$2" = "$3" ] || fail "$1 is '$2', and should be '$3'"
}
least() { # WHAT IS AT-LEAST
	[ -n "$2" ] && [ "$2" -ge "$3" ] || fail "$1 is '$2', and should be at least $3"
}

expect 0 env HALLOC_STATS="json:$json" LD_PRELOAD="$HALLOC_LIB" \
	"$temporary/figures" "$temporary/xml"
is_silent err
if command -v python3 >/dev/null; then
	python3 -m json.tool "$json" >/dev/null || fail "python3 cannot read the JSON"
fi

# mallinfo2, to the byte
grep -Fxq -f "$temporary/out" "$json" || {
	fail "mallinfo2 in the program and in the JSON differ: $(cat "$temporary/out")"
	grep mallinfo2 "$json"
}
gone=$(($(field page_a free_bytes) - $(field page_a free_dirty_bytes))) # back to the system
equal arena "$(field mallinfo2 arena)" $(($(field page_a bytes) - $(field page_a block_bytes) - \
	$(field page_a withheld_bytes) - gone + $(field bootstrap bytes)))
equal uordblks "$(field mallinfo2 uordblks)" $(($(field live slot_bytes) + \
	$(field bootstrap live_bytes)))
equal hblkhd "$(field mallinfo2 hblkhd)" "$(field live block_bytes)"
equal hblks "$(field mallinfo2 hblks)" "$(field live blocks)"
equal keepcost "$(field mallinfo2 keepcost)" "$(field page_a free_dirty_bytes)"
equal ordblks "$(field mallinfo2 ordblks)" $(($(field page_a free_cells) + \
	$(field slots free) + $(field slots cached)))

# malloc_info, to the byte
of_xml() { # PATTERN ATTRIBUTE: of the last element that matches
	sed -n "s/^<$1.* $2=\"\([0-9]*\)\".*/\1/p" "$temporary/xml" | tail -n 1
}
equal "mmap count" "$(of_xml 'total type="mmap"' count)" "$(field live blocks)"
equal "mmap size" "$(of_xml 'total type="mmap"' size)" "$(field live block_bytes)"
equal "fast count" "$(of_xml 'total type="fast"' count)" "$(field slots cached)"
equal "fast size" "$(of_xml 'total type="fast"' size)" "$(field slots cached_bytes)"
equal "rest size" "$(of_xml 'total type="rest"' size)" $(($(field slots free_bytes) + \
	$(field page_a free_dirty_bytes)))
equal "system size" "$(of_xml 'system type="current"' size)" $(($(field page_a bytes) - gone + \
	$(field bootstrap bytes)))
sizes=$(sed -n 's/^  <size .*total="\([0-9]*\)".*/\1/p' "$temporary/xml" | awk '{ n += $1 }
	END { print n }')
equal "the sizes" "$sizes" $(($(field slots free_bytes) + $(field slots cached_bytes)))

the_parts_make_the_whole() {
	equal "Page A" "$(field page_a bytes)" $(($(field page_a slab_bytes) + \
		$(field page_a block_bytes) + $(field page_a free_bytes) + $(field page_a withheld_bytes)))
	equal "live bytes by class" "$(over_classes live_bytes)" "$(field live slot_bytes)"
	equal "live slots by class" "$(over_classes live)" "$(field live slots)"
	equal "slab bytes by class" "$(over_classes slab_bytes)" "$(field page_a slab_bytes)"
	equal "waste by class" "$(over_classes waste_bytes)" "$(field slots waste_bytes)"
}
the_parts_make_the_whole
equal "withheld" "$(field page_a withheld_bytes)" 0
equal "slots out of slabs" $(($(field calls slots_filled) - $(field calls slots_flushed))) \
	$(($(field live slots) + $(field slots cached)))

# what the program did
equal "live of 32768" "$(of_class 32768 live)" 16
equal "live bytes of 32768" "$(of_class 32768 live_bytes)" $((16 * 32768))
equal "live of 112" "$(of_class 112 live)" 666
equal "large blocks" "$(field live blocks)" 3
equal "their bytes" "$(field live block_bytes)" $((3 << 20))
equal "blocks taken" "$(field calls blocks_taken)" 6
equal "blocks given back" "$(field calls blocks_given)" 3
equal "limit" "$(field limit bytes)" null
least "peak in Page A" "$(field peak page_a_bytes)" $((37 << 20))
least "peak committed" "$(field peak committed_bytes)" $((37 << 20))
least "peak resident" "$(field peak resident_bytes)" $((32 << 20))
least "purges" "$(field purges count)" 1
least "purged bytes" "$(field purges bytes)" $((32 << 20))
least "minor faults" "$(field faults minor)" $(((32 << 20) / $(getconf PAGESIZE)))
least "system calls" "$(field calls system_calls)" 3
least "time in fills" "$(field slow_ns fills)" 1
least "time in flushes" "$(field slow_ns flushes)" 1
least "time in blocks" "$(field slow_ns blocks)" 1
least "time in purges" "$(field slow_ns purges)" 1
least "Page B" "$(field page_b record_bytes)" 1000
least "committed" "$(field "" committed_bytes)" $(($(field page_a slab_bytes) + (3 << 20)))
equal "arenas" "$(field "" arenas)" 1
equal "threads" "$(field "" threads)" 1

# with guards, and freed blocks that are kept: these are neither in use nor free
for mode in HALLOC_HARDENED=1 HALLOC_SAMPLE=3; do
	expect 0 env "$mode" HALLOC_STATS="json:$json" LD_PRELOAD="$HALLOC_LIB" \
		"$temporary/figures" "$temporary/xml"
	the_parts_make_the_whole
	least "withheld" "$(field page_a withheld_bytes)" $((1 << 16))
	equal arena "$(field mallinfo2 arena)" $(($(field page_a slab_bytes) + \
		$(field page_a free_dirty_bytes) + $(field bootstrap bytes)))
done

# Any name of a program is a text of JSON: characters are themselves, bytes of none are numbers.
named() { # NAME TEXT
	name=$(printf %b "$1")
	cp "$temporary/figures" "$temporary/$name"
	expect 0 env HALLOC_STATS="json:$json" LD_PRELOAD="$HALLOC_LIB" \
		"$temporary/$name" "$temporary/xml"
	rm "$temporary/$name"
	if command -v python3 >/dev/null; then
		python3 -c 'import json, sys; json.load(open(sys.argv[1], encoding="utf-8"))' "$json" ||
			fail "python3 cannot read the name $1"
	fi
	LC_ALL=C grep -qF "\"program\": \"$(printf %b "$2")\"" "$json" || fail "the name $1: $(grep program "$json")"
}
named 'odd "name"\\\tof \0001 \0177' 'odd \\u0022name\\u0022\\u005c\\u0009of \\u0001 \\u007f'
named 'na\0303\0257ve \0342\0202\0254 \0360\0237\0222\0251' 'na\0303\0257ve \0342\0202\0254 \0360\0237\0222\0251'
named '\0303 \0251 \0300\0200 \0355\0240\0200 \0370' '\\u00c3 \\u00a9 \\u00c0\\u0080 \\u00ed\\u00a0\\u0080 \\u00f8'
named '\0340\0200\0200 \0364\0220\0200\0200 \0342\0202' '\\u00e0\\u0080\\u0080 \\u00f4\\u0090\\u0080\\u0080 \\u00e2\\u0082'
finish
