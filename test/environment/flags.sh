# timeout: 600
# modes: HALLOC_HARDENED=0
# The library and the tools build without a word, and work, with what users and distributions put into CFLAGS.
tree=$TMPDIR/flags
status=0
wrong() {
	echo "CFLAGS=$flags: $*"
	status=1
}
while read -r flags; do
	rm -rf "$tree"
	mkdir "$tree"
	cp -r Makefile src include "$tree"
	make -s -C "$tree" CFLAGS="$flags" all >"$TMPDIR/said" 2>&1 || wrong "cannot be built"
	[ ! -s "$TMPDIR/said" ] || wrong "says $(head -n 5 "$TMPDIR/said")"
	LD_PRELOAD=$tree/libhalloc.so HALLOC_STATS=1 sort /dev/null 2>&1 | grep -q '^halloc: statistics' ||
		wrong "the library has no effect"
	"$tree/build/tools/halloc-map" --help >/dev/null || wrong "the tools do not run"
done <<'END'
-O0
-g -O3 -flto=auto -ffat-lto-objects -fstack-protector-strong
END
exit $status
