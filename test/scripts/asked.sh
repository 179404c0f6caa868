#!/bin/sh
# What runs the tests says in one line what it cannot do with what it is asked, before anything is built.

. test/scripts/common

expect 0 test/run --help
is_silent err
says '^usage: test/run '
says '^  death '
says '^  TEST_LIB '
misuse '^test/run: unknown option --list; see ' test/run --list
misuse '^test/run: no test is called death/none$' test/run death/none
misuse "^soak: SOAK_MINUTES is a number, not 'long'$" env SOAK_MINUTES=long test/lib/soak
misuse "^fuzz: FUZZ_MINUTES is a number, not '1.5'$" env FUZZ_MINUTES=1.5 test/lib/fuzz
finish
