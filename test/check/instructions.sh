# The fast paths: instructions of a malloc and of a free that hit, counted, are at most these.
# timeout: 200
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
${CC:-cc} -O1 -fno-builtin -o "$temporary/hits" "$temporary/hits.c" || exit 1

# The instructions of all calls of the function $1 in a run of $2 pairs.
count() {
	LD_PRELOAD=$PWD/libhalloc.so valgrind --tool=callgrind --callgrind-out-file=/dev/null \
		--toggle-collect="$1" "$temporary/hits" "$2" 2>&1 | sed -n 's/.*Collected : *//p'
}

failed=0
for limit in malloc=20 free=32; do
	function=${limit%=*}
	most=${limit#*=}
	few=$(count "$function" 1000)
	many=$(count "$function" 11000)
	each=$(((many - few) / 10000))
	echo "$function: $each instructions"
	if [ "$each" -lt 5 ] || [ "$each" -gt "$most" ]; then
		echo "$function: more than $most, or not counted"
		failed=1
	fi
done
exit $failed
