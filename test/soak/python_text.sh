# Python's own tests of text, of formats and of files.
# timeout: 400
modules='test.test_ast test.test_codecs test.test_csv test.test_difflib test.test_gzip test.test_hashlib
	test.test_json test.test_marshal test.test_memoryio test.test_pickle test.test_pyexpat test.test_re
	test.test_sqlite3 test.test_unicode test.test_xml_etree test.test_zlib'
. test/preload/python_modules
