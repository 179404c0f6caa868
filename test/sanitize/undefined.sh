# timeout: 400
# UndefinedBehaviorSanitizer, gcc's and clang's, has nothing to say.
. test/sanitize/common
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
sanitize gcc -fsanitize=undefined -fno-sanitize-recover=all
sanitize clang -fsanitize=undefined -fno-sanitize-recover=all
