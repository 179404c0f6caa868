# The threads of test/sanitize/stress.program, with blocks that change hands, longer and with another seed
# each round.
# timeout: 100
. test/sanitize/common
export STRESS_ROUNDS=$((2 * ${TEST_SCALE:-1})) STRESS_SEED="${SOAK_ROUND:-1}"
sanitize "${CC:-cc}" -O2
