# Programs of every day do the same while one allocation in twenty is sampled.
. test/preload/programs
export HALLOC_SAMPLE=20
both programs
finish
