# timeout: 400
# Python's own tests of threads.
modules=test.test_threading
. test/preload/python_modules
