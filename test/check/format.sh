# The sources are as clang-format leaves them, to 100 columns.
files=$(find src include test -name '*.[ch]' -o -name '*.cc' | sort)
count=$(echo "$files" | wc -l)
if [ "$count" -lt 50 ]; then
	echo "only $count files found: the list is wrong"
	exit 1
fi
command -v clang-format >/dev/null || {
	echo "clang-format is not installed"
	exit 77
}
version=$(clang-format --version | sed 's/.*version \([0-9]*\).*/\1/')
[ "$version" -le 16 ] || {
	echo "clang-format $version lays out some lines otherwise than 14"
	exit 77
}
# shellcheck disable=SC2086 # one word a file
clang-format --dry-run -Werror $files
