# Programs of every day do the same while their copies are watched.
# timeout: 500
. test/preload/programs
export HALLOC_GUARD_COPIES=1
both programs
finish
