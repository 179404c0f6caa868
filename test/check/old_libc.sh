# On an older glibc the compiler says what is needed, at the first file of the library.
first=$(printf '%s\n' '#include <features.h>' '#undef __GLIBC_PREREQ' '#define __GLIBC_PREREQ(major, minor) 0' \
	'#include "src/alloc.c"' |
	${CC:-cc} -std=gnu11 -D_GNU_SOURCE -Iinclude -Isrc -I. -fsyntax-only -x c - 2>&1 | grep -m 1 'error:')
echo "$first"
case $first in
*'halloc takes glibc 2.33 or later'*) ;;
*) exit 1 ;;
esac
