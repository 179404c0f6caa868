# The fast paths: instructions of a malloc and of a free that hit, counted, are at most these; the same of a calloc, with
# the memset of its 100 bytes, and of a new and a delete, which come to the library without a detour. And those of
# hardened mode, of whatever is at hand.
# timeout: 400
command -v valgrind >/dev/null || {
	echo "valgrind is not installed"
	exit 77
}
temporary=$(mktemp -d) || exit 1
trap 'rm -rf -- "$temporary"' EXIT
cat >"$temporary/hits.c" <<'END'
#include <stdlib.h>

int main(int argc, char **argv)
{
	void *volatile block;

	for (int i = argc > 1 ? atoi(argv[1]) : 0; i > 0; i--) {
		block = malloc(100);
		free(block);
	}
	return 0;
}
END
sed 's/malloc(100)/calloc(10, 10)/' "$temporary/hits.c" >"$temporary/zeros.c"
cat >"$temporary/objects.cc" <<'END'
#include <cstdlib>
#include <new>

int main(int argc, char **argv)
{
	for (int i = argc > 1 ? atoi(argv[1]) : 0; i > 0; i--) {
		void *volatile block = operator new(100);
		operator delete(block, size_t(100));
	}
}
END
for program in hits zeros; do
	${CC:-cc} -O1 -fno-builtin -o "$temporary/$program" "$temporary/$program.c" || exit 1
done
${CXX:-c++} -O1 -fno-builtin -fsized-deallocation -o "$temporary/objects" "$temporary/objects.cc" || exit 1

# The instructions of all calls of the function $2 in a run of the program $1, of $3 pairs, with $4 in the environment.
count() {
	env "${4:-TZ=UTC}" LD_PRELOAD="$PWD/libhalloc.so" valgrind --tool=callgrind --callgrind-out-file=/dev/null \
		--toggle-collect="$2" "$temporary/$1" "$3" 2>&1 | sed -n 's/.*Collected : *//p'
}

failed=0
while read -r program function most mode; do
	few=$(count "$program" "$function" 1000 "$mode")
	many=$(count "$program" "$function" 11000 "$mode")
	each=$(((many - few) / 10000))
	echo "$function: $each instructions${mode:+ with $mode}"
	if [ "$each" -lt 5 ] || [ "$each" -gt "$most" ]; then
		echo "$function: more than $most, or not counted"
		failed=1
	fi
done <<'END'
hits malloc 20
hits free 32
zeros calloc 60
objects operators_Znwm 21
objects free 32
hits malloc 270 HALLOC_HARDENED=1
hits free 300 HALLOC_HARDENED=1
END
exit $failed
