#!/bin/sh
# limit_forms - what HALLOC_LIMIT may say, and what a percentage is of: control groups of either
# version, made of plain files in a mount namespace of our own, or the machine.
# shellcheck source=test/scripts/common
. test/scripts/common

json=$temporary/json
limit_is() { # BYTES, after a command that wrote $json
	is=$(sed -n 's/^"limit": {"bytes": \([0-9a-z]*\),.*/\1/p' "$json")
	rm -f "$json"
	[ "$is" = "$1" ] || fail "$command: the limit is '$is', and should be $1"
}
taken() { # VALUE BYTES
	expect 0 env HALLOC_LIMIT="$1" HALLOC_STATS="json:$json" LD_PRELOAD="$HALLOC_LIB" true
	is_silent err
	limit_is "$2"
}
refused() { # VALUE
	expect 0 env HALLOC_LIMIT="$1" HALLOC_STATS="json:$json" LD_PRELOAD="$HALLOC_LIB" true
	[ "$(wc -l <"$temporary/err")" -eq 1 ] || fail "$1: not one line: $(cat "$temporary/err")"
	grep -Fq "halloc: warning: HALLOC_LIMIT: \"$1\" is not" "$temporary/err" ||
		fail "$1: says $(cat "$temporary/err")"
	limit_is null
}

taken "" null
taken 1048576 1048576
taken 123456789 123456789
taken 1024K 1048576
taken 1024k 1048576
taken 1M 1048576
taken 2G 2147483648
taken 2g 2147483648
taken 3T 3298534883328
taken 0064M 67108864
for value in 0 1 1048575 1023K 0M 0% 101% 1000% -1 +1 1M1 1MB 1MiB 1.5G " 1M" "1M " M % 5%% 50%x \
	abc 1m% 18446744073709551616 18446744073709551616M 17179869184G 99999999T 4294967296T \
	99999999999999999999999%; do
	refused "$value"
done

memory=$(($(awk '/^MemTotal:/ { print $2 }' /proc/meminfo) * 1024))
unshare -rm true 2>/dev/null || {
	echo "unshare is not allowed here, so no percentage of a made-up control group was tried"
	[ "$failures" -eq 0 ] && exit 77
	exit 1
}

# What /proc/self/cgroup of the command shall say comes first; then files of /sys/fs/cgroup and their
# contents, to "--"; then the value, and what it comes to.
groups() {
	printf '%b\n' "$1" >"$temporary/groups"
	shift
	rm -rf "$temporary/root"
	while [ "$1" != -- ]; do
		mkdir -p "$temporary/root/$(dirname "$1")"
		echo "$2" >"$temporary/root/$1"
		shift 2
	done
	mkdir -p "$temporary/root"
	# shellcheck disable=SC2016 # for the inner shell
	expect 0 unshare -rm sh -c '
		mount --bind "$1/root" /sys/fs/cgroup && mount --bind "$1/groups" /proc/$$/cgroup || exit 9
		HALLOC_LIMIT=$2 HALLOC_STATS=json:$3 LD_PRELOAD=$4 exec true' \
		sh "$temporary" "$2" "$json" "$HALLOC_LIB"
	is_silent err
	limit_is "$3"
}

# version 2: the smallest of the groups on the way up
groups 0::/a/b/c a/b/c/memory.max max a/b/memory.max 104857600 a/memory.max 209715200 -- \
	50% 52428800
groups 0::/a/b/c a/b/c/memory.max 104857600 a/b/memory.max max a/memory.max 209715200 -- \
	50% 52428800
groups 0::/a/b/c a/b/c/memory.max 209715200 a/memory.max 104857600 memory.max max -- 100% 104857600
groups 0::/a/b a/b/memory.max 104857601 -- 80% 83886080
groups 0::/a/b a/b/memory.max 104857699 -- 1% 1048576
groups 0::/ memory.max 104857600 -- 80% 83886080
# in a container: the path is not there, or leads out of what can be seen
groups 0::/a/b memory.max 104857600 -- 80% 83886080
groups 0::/../x memory.max 104857600 x/memory.max 5000000 -- 80% 83886080
# sizes do not ask the groups; memory.high and the like of siblings do not matter
groups 0::/a a/memory.max 104857600 -- 500M 524288000
groups 0::/a ab/memory.max 104857600 a/memory.high 104857600 -- 50% $((memory / 2))
# version 1, alone and with other controllers; with both versions, its memory is what counts
groups '5:cpu:/x\n4:memory:/a' memory/a/memory.limit_in_bytes 104857600 \
	memory/memory.limit_in_bytes 9223372036854771712 -- 80% 83886080
groups '4:hugetlb,memory:/a\n0::/b' memory/a/memory.limit_in_bytes 104857600 \
	b/memory.max 5000000 -- 80% 83886080
groups '4:memory:/docker/1\n0::/b' memory/memory.limit_in_bytes 104857600 -- 80% 83886080
# no limit, no group, no memory controller, no text: the machine
groups 0::/a a/memory.max max -- 50% $((memory / 2))
groups '4:memory:/a' memory/a/memory.limit_in_bytes 9223372036854771712 -- 50% $((memory / 2))
groups 0::/a -- 100% "$memory"
groups '3:memory2:/a\n2:name=memory:/a' memory/a/memory.limit_in_bytes 104857600 -- \
	50% $((memory / 2))
groups '' -- 50% $((memory / 2))
groups 'nonsense\n:\n0:' memory.max 104857600 -- 50% $((memory / 2))
groups 0::/a a/memory.max 99999999999999999999999999 -- 50% $((memory / 2))
groups "0::/$(printf '%0800d' 0)" memory.max 104857600 -- 80% 83886080
finish
