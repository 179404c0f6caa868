# timeout: 400
# Python's own tests of json, re and sqlite3.
modules='test.test_json test.test_re test.test_sqlite3'
. test/preload/python_modules
