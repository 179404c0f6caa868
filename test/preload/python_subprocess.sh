# timeout: 400
# Python's own tests of child processes: fork and exec from every state.
modules=test.test_subprocess
. test/preload/python_modules
