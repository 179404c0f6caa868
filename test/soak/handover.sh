# The threads and forks of test/stress under the library itself, several times over.
# timeout: 100
programs='build/test/stress/handover build/test/stress/fork_busy build/test/stress/fork_parallel
	build/test/stress/producer_consumer build/test/stress/thread_turns'
unset MAKEFLAGS
# shellcheck disable=SC2086 # one word a program
make -s -f test/lib/rules.mk $programs || exit 1
round=0
while [ $round -lt "${TEST_SCALE:-1}" ]; do
	round=$((round + 1))
	for program in $programs; do
		env ${TEST_LIB:+LD_PRELOAD="$TEST_LIB"} "$program" >"$TMPDIR/said" 2>&1 || {
			echo "$program: status $?"
			head -n 40 "$TMPDIR/said"
			exit 1
		}
	done
done
