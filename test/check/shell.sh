# The scripts, checked by shellcheck.
command -v shellcheck >/dev/null || {
	echo "shellcheck is not installed"
	exit 77
}
scripts=$(grep -lE '^#!/bin/(ba)?sh' scripts/* test/run test/lib/one test/lib/fuzz test/lib/soak .ci/run)
if [ "$(echo "$scripts" | wc -l)" -lt 4 ]; then
	echo "too few scripts found: $scripts"
	exit 1
fi
others=$(find test -name '*.sh' ! -path 'test/preload/*')
# Single quotes hold programs for others; in test/preload functions are called by name, and $under is words.
# shellcheck disable=SC2086 # one word a file
shellcheck -x $scripts && shellcheck -x -s sh -e SC2016 $others &&
	shellcheck -x -s sh -e SC2012,SC2016,SC2086,SC2317,SC2329 test/preload/*.sh
