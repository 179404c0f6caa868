#!/bin/sh
# linked_new - programs that are linked with the library have its malloc, without any preloading: those that call malloc; and
# those that call new alone, where the linker is told to keep what nobody calls by name.
# shellcheck source=test/scripts/common
. test/scripts/common

cp "$HALLOC_LIB" "$temporary/libhalloc.so.1"
ln -s libhalloc.so.1 "$temporary/libhalloc.so"
cat >"$temporary/new.cc" <<'END'
int main()
{
	volatile int *number = new int(3);
	delete number;
	delete[] new volatile char[100];
	return *new volatile int(3);
}
END
cat >"$temporary/malloc.c" <<'END'
#include <stdlib.h>
int main(void)
{
	volatile int *number = malloc(sizeof *number);
	*number = 3;
	return *number;
}
END

# The program serves its calls from the library.
serves() { # COMPILER FILE FLAGS...
	compiler=$1
	file=$2
	shift 2
	"$compiler" "$temporary/$file" -o "$temporary/program" -L"$temporary" "$@" -Wl,-rpath,"$temporary" ||
		fail "$file $*: is not built"
	expect 3 env HALLOC_STATS=1 "$temporary/program"
	grep -q '^halloc: statistics of program' "$temporary/err" || fail "$file $*: is served by another malloc"
}

serves "${CC:-cc}" malloc.c -lhalloc
serves "${CXX:-c++}" new.cc -Wl,--no-as-needed -lhalloc
serves "${CXX:-c++}" new.cc -Wl,--no-as-needed -lhalloc -Wl,--as-needed
finish
