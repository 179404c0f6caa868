#!/bin/sh
# make install puts everything where PREFIX and DESTDIR say, and what is there works.

. test/scripts/common

unset HALLOC_LIB
install_to() { # DESTDIR PREFIX
	expect 0 make -s -o all install DESTDIR="$1" PREFIX="$2"
	is_silent out
	is_silent err
	for file in lib/libhalloc.so.1 lib/libhalloc.so lib/pkgconfig/halloc.pc include/halloc.h bin/halloc libexec/halloc/halloc-top; do
		[ -f "$1$2/$file" ] || fail "$command: there is no $1$2/$file"
	done
}
install_to '' "$temporary/there"
expect 0 "$temporary/there/bin/halloc" check sh
expect 0 "$temporary/there/bin/halloc" run -- sh -c 'echo "$LD_PRELOAD"'
says "^$temporary/there/lib/libhalloc.so.1\$"
for verb in run compare check top map sites trim; do
	expect 0 "$temporary/there/bin/halloc" $verb --help
done

# A compiler finds the library by what pkg-config says, for C++ programs that call nothing of it by name, too.
echo 'int main() { delete new int; }' >"$temporary/new.cc"
PKG_CONFIG_PATH="$temporary/there/lib/pkgconfig" expect 0 pkg-config --cflags --libs halloc
# shellcheck disable=SC2046 # one word an option
expect 0 "${CXX:-c++}" -o "$temporary/new" "$temporary/new.cc" $(cat "$temporary/out")
expect 0 readelf -d "$temporary/new"
says 'libhalloc\.so\.1'

# uninstall leaves what others have put there, and nothing of halloc.
: >"$temporary/there/lib/other.so"
: >"$temporary/there/include/other.h"
expect 0 make -s uninstall PREFIX="$temporary/there"
is_silent out
is_silent err
left=$(cd "$temporary/there" && find . ! -type d | sort | tr '\n' ' ')
[ "$left" = './include/other.h ./lib/other.so ' ] || fail "$command: there is still $left"
[ ! -e "$temporary/there/libexec/halloc" ] || fail "$command: libexec/halloc is still there"
expect 0 make -s uninstall PREFIX="$temporary/there"
install_to '' "$temporary/there"

# A name with a space is one name.
install_to "$temporary/a b" /usr
[ "$(find "$temporary/a b" -type f | wc -l)" -eq "$(find "$temporary/there" -type f ! -name 'other.*' | wc -l)" ] ||
	fail "there are other files in: $(find "$temporary/a b")"
finish
