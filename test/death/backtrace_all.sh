# HALLOC_BACKTRACE=1: every kind of report is followed by a stack that names the program.
kinds='double_free_small double_free_10m interior_large realloc_dead_small usable_size_stack free_sized
kernel_half hardened_overflow hardened_write_after_free hardened_underflow double_free_other_thread_small'
failed=0
for kind in $kinds; do
	program=$PWD/build/test/death/$kind
	make -s -f test/lib/rules.mk "build/test/death/$kind" || exit 1
	hardened=$(sed -n 's/.*run: \(HALLOC_HARDENED=1\).*/\1/p' "test/death/$kind.c")
	# shellcheck disable=SC2086 # none or one
	out=$(env $hardened HALLOC_BACKTRACE=1 LD_PRELOAD="${TEST_LIB:-}" "$program" 2>&1)
	if ! echo "$out" | sed '1,/^halloc:/d' | grep -q "/$kind(.*) *\[0x[0-9a-f]*\]\$"; then
		echo "$kind: no stack:"
		echo "$out"
		failed=1
	fi
done
exit $failed
