# Python's own tests of its types, and of its collector of garbage.
# timeout: 400
modules='test.test_array test.test_bytes test.test_collections test.test_deque test.test_dict
	test.test_functools test.test_gc test.test_heapq test.test_itertools test.test_list test.test_long
	test.test_memoryview test.test_ordered_dict test.test_set test.test_struct test.test_tuple test.test_weakref'
. test/preload/python_modules
