# valgrind finds no error in the rooms: no read of what is undefined, no bad address.
# timeout: 500
. test/sanitize/common
command -v valgrind >/dev/null || {
	echo "valgrind is not installed"
	exit 77
}
sanitize gcc
valgrind -q --error-exitcode=3 --tool=memcheck "$directory/stress" >"$directory/out" 2>&1
status=$?
if [ "$status" -ne 0 ] || [ "$(cat "$directory/out")" != 'done' ]; then
	echo "status $status"
	head -n 60 "$directory/out"
	exit 1
fi
