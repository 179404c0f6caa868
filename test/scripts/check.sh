#!/bin/sh
# halloc check: yes with the program, or no with the reason.

. test/scripts/common

yes() { # PATTERN CMD...
	pattern=$1
	shift
	expect 0 "$halloc" check -- "$@"
	is_silent err
	says "^yes: .*$pattern"
}

no() { # PATTERN CMD...
	pattern=$1
	shift
	expect 1 "$halloc" check -- "$@"
	is_silent err
	says "^no: .*$pattern"
}

script() { # NAME CONTENT...
	name=$1
	shift
	printf '%s\n' "$@" >"$temporary/$name"
	chmod +x "$temporary/$name"
}

# Overwrites the bytes of $temporary/$1 from offset $2 on with $3, for printf.
patch() {
	# shellcheck disable=SC2059
	printf "$3" | dd of="$temporary/$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

cat=$(command -v cat)
yes 'takes effect in .*/cat$' cat
yes "takes effect in $cat\$" "$cat"
expect 0 "$halloc" check cat --any --arguments

# Scripts are followed to what runs them.
script direct '#!/bin/sh' 'exit 1'
yes '/bin/sh \(the interpreter of .*/direct\)' "$temporary/direct"
script spaced '#!  /bin/sh   -e'
yes '/bin/sh \(the interpreter' "$temporary/spaced"
script by-env '#!/usr/bin/env cat'
yes '/cat \(the interpreter of .*/by-env\)' "$temporary/by-env"
script by-env-s '#!/usr/bin/env -S LANG=C -u FOO cat -u'
yes '/cat \(the interpreter' "$temporary/by-env-s"
script by-env-joined '#!/usr/bin/env -Scat -u'
yes '/cat \(the interpreter' "$temporary/by-env-joined"
script twice "#!$temporary/direct"
yes '/bin/sh \(the interpreter of .*/twice\)' "$temporary/twice"
script unnamed 'exit 1'
yes '/bin/sh \(the interpreter' "$temporary/unnamed"
script empty
: >"$temporary/empty"
yes '/bin/sh \(the interpreter' "$temporary/empty"
script endless "#!$temporary/endless"
no 'too many' "$temporary/endless"
script lost '#!/no/such/interpreter'
no 'is missing: /no/such/interpreter' "$temporary/lost"
script lost-by-env '#!/usr/bin/env no-such-interpreter'
no 'is missing: no-such-interpreter' "$temporary/lost-by-env"
script nameless '#!'
no 'is missing: none' "$temporary/nameless"
script bare-env '#!/usr/bin/env'
no 'is missing: none' "$temporary/bare-env"
script emptied '#!/usr/bin/env -S -i cat'
no 'env -i' "$temporary/emptied"
printf 'a\0b' >"$temporary/data"
chmod +x "$temporary/data"
no 'neither an ELF program nor a script' "$temporary/data"

# Another class, another machine: the header alone says so.
cp "$cat" "$temporary/other-class"
patch other-class 4 '\001'
no 'a 32-bit program, the library is 64-bit' "$temporary/other-class"
cp "$cat" "$temporary/other-machine"
patch other-machine 18 '\050\000'
no 'is for arm, the library for' "$temporary/other-machine"
echo 'void _start(void) {}' | build 32-bit -m32 -nostdlib -static
no '32-bit program, the library is 64-bit' "$temporary/32-bit"

# Damage is told, and never more than that.
head -c 5000 "$cat" >"$temporary/cut"
head -c 10 "$cat" >"$temporary/stump"
chmod +x "$temporary/cut" "$temporary/stump"
no 'a damaged ELF file: ' "$temporary/cut"
no 'a damaged ELF file: ' "$temporary/stump"

# Privileges. An empty set-group-id file that its group cannot execute gains nothing.
cp "$cat" "$temporary/set-uid"
cp "$cat" "$temporary/set-gid"
cp "$cat" "$temporary/locking"
chmod 4755 "$temporary/set-uid"
chmod 2755 "$temporary/set-gid"
chmod 2745 "$temporary/locking"
no 'is set-uid' "$temporary/set-uid"
no 'is set-gid' "$temporary/set-gid"
yes '/locking$' "$temporary/locking"
script privileged "#!$temporary/set-uid"
no '/set-uid is set-uid.*the interpreter of .*/privileged' "$temporary/privileged"
cp "$cat" "$temporary/capable"
if PATH=$PATH:/sbin:/usr/sbin setcap cap_net_raw+ep "$temporary/capable" 2>/dev/null; then
	no 'file capabilities' "$temporary/capable"
else
	echo "not tested, for want of setcap or its permission: file capabilities"
fi

# Programs as they are linked.
main='int main(void) { return 0; }'
if ! echo "$main" | build dynamic; then
	cat "$temporary/build.log"
	exit 1
fi
yes '/dynamic$' "$temporary/dynamic"
echo "$main" | build plain-hash -Wl,--hash-style=sysv
yes '/plain-hash$' "$temporary/plain-hash"
echo "$main" | build static -static
no 'statically linked' "$temporary/static"
echo "$main" | build static-pie -static-pie -fPIE
no 'statically linked' "$temporary/static-pie"
echo "$main" | build musl -Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1
no 'another libc: musl' "$temporary/musl"
echo "$main" | build uclibc -Wl,--dynamic-linker=/lib/ld64-uClibc.so.0
no 'another libc: uClibc' "$temporary/uclibc"
echo "$main" | build android -Wl,--dynamic-linker=/system/bin/linker64
no "another libc: Android" "$temporary/android"
echo "$main" | build unknown -Wl,--dynamic-linker=/libexec/ld-elf.so.1
no 'another libc: its dynamic loader is /libexec/ld-elf.so.1' "$temporary/unknown"
echo "$main" | build orphan -Wl,--dynamic-linker=/no/such/ld-linux-x86-64.so.2
no 'its dynamic loader is missing: /no/such/' "$temporary/orphan"
if command -v musl-gcc >/dev/null && echo "$main" | CC=musl-gcc build real-musl; then
	no 'another libc: musl' "$temporary/real-musl"
fi

# A malloc of its own counts when others can see it.
own='void *malloc(unsigned long size);
void *malloc(unsigned long size) { static char room[1 << 20]; return size < 9 ? room : (void *)0; }'
for style in gnu sysv; do
	echo "$own $main" | build own -fno-builtin -rdynamic -Wl,--hash-style=$style
	no 'a malloc of its own' "$temporary/own"
done
echo "$own $main" | sed 's/^void/__attribute__((visibility("hidden"))) void/' |
	 build hidden -fno-builtin -rdynamic
yes '/hidden$' "$temporary/hidden"
echo '#include <stdlib.h>
int main(void) { return malloc(1) == NULL; }' | build user -rdynamic
yes '/user$' "$temporary/user"

# Sanitizers, by the symbol or by the library.
echo "void __asan_init(void); void __asan_init(void) { } $main" | build asan -rdynamic
no 'the address sanitizer' "$temporary/asan"
echo "void __tsan_init(void); void __tsan_init(void) { } $own $main" |
	build tsan -fno-builtin -rdynamic
no 'the thread sanitizer' "$temporary/tsan"
echo 'int empty;' | build libasan.so.9 -shared -fPIC -Wl,-soname,libasan.so.9
echo "$main" | build asan-library -Wl,--no-as-needed "$temporary/libasan.so.9"
no 'the address sanitizer' "$temporary/asan-library"
if echo "$main" | build real-asan -fsanitize=address; then
	no 'the address sanitizer' "$temporary/real-asan"
fi
tells_unwritable "$halloc" check sh
finish
