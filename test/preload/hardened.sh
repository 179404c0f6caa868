# Programs of every day do the same in hardened mode.
# timeout: 400
. test/preload/programs
export HALLOC_HARDENED=1
both programs
finish
