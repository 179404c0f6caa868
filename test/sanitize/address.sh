# AddressSanitizer has nothing to say of the rooms.
# timeout: 400
. test/sanitize/common
export ASAN_OPTIONS=detect_leaks=0
sanitize gcc -fsanitize=address
