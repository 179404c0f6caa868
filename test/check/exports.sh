# The names that the library shows are those of the golden list, no more and no fewer.
nm -D --defined-only libhalloc.so | awk '{ print $NF }' | sort >"$TMPDIR/exports"
diff -u test/check/exports.txt "$TMPDIR/exports"
