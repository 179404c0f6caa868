#!/bin/sh
# php - php with all its extensions, which it opens as plugins, says the same as under plain libc.
# shellcheck disable=SC2016 # for php
# shellcheck source=test/scripts/common
. test/scripts/common

command -v php >/dev/null || {
	echo "php is not installed"
	exit 77
}

same() { # ARGUMENT...
	php "$@" >"$temporary/plain.out" 2>"$temporary/plain.err" </dev/null
	plain=$?
	env ${TEST_LIB:+LD_PRELOAD="$TEST_LIB"} php "$@" \
		>"$temporary/halloc.out" 2>"$temporary/halloc.err" </dev/null
	status=$?
	says_the_same "php $(printf '%s' "$*" | cut -c 1-60)" "$plain" "$status"
}

all() {
	same -v
	same -m
	same --ini
	same -r 'foreach (get_loaded_extensions() as $e) { $r = new ReflectionExtension($e);
		echo $e, " ", count($r->getFunctions()), " ", count($r->getClasses()), "\n"; }'
	same -r 'for ($i = 0; $i < 60000; $i++) { $a[] = str_repeat(chr(65 + $i % 26), $i % 700); }
		usort($a, "strcmp"); echo md5(implode($a)), "\n";'
	same -r 'echo md5(json_encode(range(0, 50000))), " ", strlen(serialize(range(1, 20000))), "\n";'
	same -r 'if (extension_loaded("tokenizer")) echo count(token_get_all("<?php " .
		str_repeat("\$a = [1, \"b\"]; ", 5000))), "\n"; echo "ok\n";'
	same -r 'if (extension_loaded("zlib")) echo md5(gzuncompress(gzcompress(str_repeat("halloc ", 90000)))), "\n";
		if (extension_loaded("iconv")) echo bin2hex(iconv("UTF-8", "ISO-8859-1//TRANSLIT", "grün ß €")), "\n";
		if (extension_loaded("ctype")) var_dump(ctype_alpha("abc"), ctype_digit("1x"));
		if (extension_loaded("calendar")) echo cal_days_in_month(CAL_GREGORIAN, 2, 2024), "\n";
		if (extension_loaded("openssl")) echo bin2hex(openssl_encrypt("text", "aes-128-cbc",
			"0123456789abcdef", 0, "0123456789abcdef")), "\n";
		if (extension_loaded("fileinfo")) echo (new finfo(FILEINFO_MIME))->buffer("<?php echo 1;"), "\n";
		echo "ok\n";'
	same -r 'if (extension_loaded("FFI")) { $libc = FFI::cdef("void *malloc(size_t); void free(void *);
		char *strdup(const char *);"); for ($i = 0; $i < 3000; $i++)
		$libc->free($libc->malloc($i * 10)); $s = $libc->strdup("of libc"); echo FFI::string($s), "\n";
		$libc->free($s); } echo "ok\n";'
	same -r 'if (extension_loaded("pcntl")) for ($i = 0; $i < 20; $i++) { $p = pcntl_fork(); if ($p == 0) {
		$x = str_repeat("y", 3000000); exit(3); } pcntl_waitpid($p, $s); echo pcntl_wexitstatus($s); } echo "ok\n";'
	same -d memory_limit=16M -r 'register_shutdown_function(function () { echo "shut down\n"; });
		set_error_handler(fn() => true); try { throw new Error(str_repeat("e", 100000)); }
		catch (Error $e) { echo strlen($e->getMessage()), "\n"; }'
}

all
# php's own allocator out of the way: every block of a script is ours
export USE_ZEND_ALLOC=0
all
finish
