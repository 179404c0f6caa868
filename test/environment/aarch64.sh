# timeout: 400
# modes: HALLOC_HARDENED=0
# For aarch64, library and tools build without a warning, and do under an emulator what they do here: correct programs
# pass in every mode, crimes are told.
# shellcheck source=test/lib/note
. test/lib/note
target=aarch64-linux-gnu
emulator=qemu-aarch64
for command in $target-gcc $emulator; do
	command -v "$command" >/dev/null || {
		echo "$command is not installed"
		exit 77
	}
done
tree=$TMPDIR/aarch64
libc=$($target-gcc -print-file-name=libc.so.6)
failures=0

mkdir "$tree"
cp -r Makefile src include "$tree"
make -s -C "$tree" CC=$target-gcc CFLAGS='-O2 -Werror' libhalloc.so tools || exit 1

# Builds the test $1.
build() {
	$target-gcc -O1 -w -fno-builtin -D_GNU_SOURCE -Iinclude -Itest/lib -pthread -o "$tree/program" "test/$1.c" \
		"$tree/libhalloc.so" -Wl,-rpath,"$tree" || exit 1
}

# Runs it with the environment $@.
run() {
	for setting; do
		set -- "$@" -E "$setting"
		shift
	done
	$emulator -L "${libc%/lib/*}" "$@" \
		-E LD_PRELOAD="$tree/libhalloc.so" "$tree/program" >"$tree/out" 2>&1
}

fail() {
	echo "$*"
	tail -n 20 "$tree/out"
	failures=$((failures + 1))
}

# Runs the test $1 in each of the modes that follow.
passes() {
	test=$1
	shift
	build "$test"
	for mode; do
		run "$mode" || fail "$test, $mode: $?"
	done
}

for test in calloc_zero errno_kept realloc_chain usable_size align_powers; do
	passes api/$test HALLOC_HARDENED=0 HALLOC_HARDENED=1 HALLOC_SAMPLE=7
done
for test in stress/handover stress/producer_consumer stress/copies_right public/two_pages public/c23; do
	passes $test HALLOC_HARDENED=0 HALLOC_HARDENED=1 HALLOC_GUARD_COPIES=1
done
for test in double_free_small double_free_10m interior_medium code usable_size_stack hardened_overflow \
	hardened_overflow_large hardened_write_after_free hardened_double_free_zero copies_memcpy \
	copies_large_freed copies_checked_strcat sample_use_after_free mismatch_free_aligned_sized_malloc; do
	build death/$test
	expected=$(note expect "test/death/$test.c")
	settings=$(note run "test/death/$test.c")
	# shellcheck disable=SC2086 # words
	run HALLOC_ON_ERROR=abort $settings
	status=$?
	[ $status -eq 134 ] || fail "death/$test: $status"
	grep -qF -- "$expected" "$tree/out" || fail "death/$test: not told: $expected"
done
[ $failures -eq 0 ]
