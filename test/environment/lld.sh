# timeout: 200
# modes: HALLOC_HARDENED=0
# The library links with lld, too, and programs run with it.
# shellcheck source=test/lib/note
. test/lib/note
command -v ld.lld >/dev/null || {
	echo "ld.lld is not installed"
	exit 77
}
tree=$TMPDIR/lld

mkdir "$tree"
cp -r Makefile src include "$tree"
make -s -C "$tree" LDFLAGS=-fuse-ld=lld libhalloc.so || exit 1
LD_PRELOAD=$tree/libhalloc.so HALLOC_STATS=1 sort /dev/null 2>&1 | grep -q '^halloc'
