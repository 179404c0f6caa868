# Python's own tests of threads, of processes and of foreign functions.
# timeout: 400
modules='test.test_concurrent_futures test.test_ctypes test.test_fork1 test.test_mmap test.test_queue test.test_selectors
	test.test_subprocess test.test_threading test.test_threading_local test.test_thread'
. test/preload/python_modules
