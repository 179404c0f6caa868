# HALLOC_BACKTRACE=1: the report is followed by the calling stack, which names the program.
program=$PWD/build/test/death/stack
make -s -f test/lib/rules.mk "$program" 2>/dev/null || make -s -f test/lib/rules.mk build/test/death/stack
out=$(HALLOC_BACKTRACE=1 LD_PRELOAD=${TEST_LIB:-} "$program" 2>&1)
echo "$out"
echo "$out" | grep -q '^halloc: invalid free of' || exit 1
echo "$out" | sed '1,/^halloc:/d' | grep -q 'build/test/death/stack(.*) *\[0x[0-9a-f]*\]$' || exit 1
out=$(LD_PRELOAD=${TEST_LIB:-} "$program" 2>&1)
[ "$(echo "$out" | sed '1,/^halloc:/d' | wc -c)" -le 1 ]
