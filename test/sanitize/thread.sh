# ThreadSanitizer finds no race in the rooms.
# timeout: 500
. test/sanitize/common
export TSAN_OPTIONS=halt_on_error=1:print_suppressions=0:suppressions=test/sanitize/thread.supp
sanitize clang -fsanitize=thread
