# timeout: 300
# gcc and clang have nothing to say about the library and the tools, release and debug.
status=0
for compiler in gcc clang; do
	command -v $compiler >/dev/null || {
		echo "$compiler is not installed"
		exit 77
	}
	tree=$TMPDIR/$compiler
	mkdir "$tree"
	cp -r Makefile src include "$tree"
	make -s -C "$tree" CC=$compiler CFLAGS='-O2 -Werror' libhalloc.so debug tools || status=1
done
exit $status
