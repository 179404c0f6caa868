# The library needs libc alone, cannot be unloaded, binds at once, and takes 24 bytes of static TLS.
status=0
expect() {
	if ! grep -q "$2" "$TMPDIR/$1"; then
		echo "not found in readelf's $1: $2"
		status=1
	fi
}
readelf -dW libhalloc.so >"$TMPDIR/dynamic"
readelf -lW libhalloc.so >"$TMPDIR/segments"
needed=$(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' "$TMPDIR/dynamic" | grep -v -e '^libc\.so' -e '^libpthread\.so' -e '^ld-linux')
if [ -n "$needed" ]; then
	echo "needs $needed"
	status=1
fi
expect dynamic 'SONAME.*\[libhalloc.so.1\]'
expect dynamic 'FLAGS_1.*NOW.*NODELETE'
expect segments GNU_RELRO
tls=$(awk '$1 == "TLS" { print $6 }' "$TMPDIR/segments")
if [ "$((tls))" -ne 24 ]; then
	echo "takes $tls bytes of TLS instead of three words"
	status=1
fi
exit $status
