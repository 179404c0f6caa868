# The start of a program touches little of the library: of its file a block of 16 OS pages or so, and few pages of its
# own. What awk finds of itself, as it does little besides; the least of five runs.
most_file=64
most_own=16
# From 15 on, GCC makes one OS page more of the same code.
case $(${CC:-cc} -dumpversion) in
1[5-9]*) most_file=68 ;;
esac
pages() {
	LD_PRELOAD="$PWD/libhalloc.so" awk '
		/^[0-9a-f]+-[0-9a-f]+ / {
			split($1, range, "-") # the last of its data have no name, but follow directly
			ours = $NF ~ /libhalloc\.so$/ || (ours && NF == 5 && range[1] == end)
			end = range[2]
		}
		ours && $1 == "Rss:" { resident += $2 }
		ours && $1 == "Anonymous:" { own += $2 }
		END { print resident - own, own }' /proc/self/smaps
}
least_file=99999
least_own=99999
for _ in 1 2 3 4 5; do
	# shellcheck disable=SC2046 # two numbers
	set -- $(pages)
	[ "$1" -ge "$least_file" ] || least_file=$1
	[ "$2" -ge "$least_own" ] || least_own=$2
done
echo "$least_file KiB of the file, $least_own KiB of its own"
[ "$least_file" -le "$most_file" ] && [ "$least_own" -le "$most_own" ]
