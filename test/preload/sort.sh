# sort of 2 million lines, in several threads and through temporary files.
. test/preload/common
awk 'BEGIN { seed = 42; for (i = 0; i < 2000000; i++) { seed = seed * 16807 % 2147483647; print seed } }' \
	>"$temporary/lines"

sorted() {
	$under sort --parallel=4 -S 200M "$temporary/lines" | cksum
	$under sort -n -u -S 8M -T . "$temporary/lines" | cksum
	$under sort -R --random-source=/dev/zero "$temporary/lines" | cksum
}

both sorted
finish
