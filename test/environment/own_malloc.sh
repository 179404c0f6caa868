#!/bin/sh
# own_malloc - a program that brings its own malloc gets one line of warning, and none of the library's
# statistics.
program=$PWD/build/test/stress/own_malloc
make -s -f test/lib/rules.mk build/test/stress/own_malloc || exit 1
said=$(HALLOC_STATS=1 LD_PRELOAD=${TEST_LIB:-} "$program" 2>&1)
[ "$said" = "halloc: warning: this program brings its own malloc; standing aside" ] && exit 0
echo "it says:"
echo "$said"
exit 1
