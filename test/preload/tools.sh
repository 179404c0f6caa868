# The programs of every shell script: bash, awk, find, grep, sed, xz, gzip, tar, make, gdb.
. test/preload/common
needs bash gawk find grep sed xz gzip tar make

pipeline() {
	mkdir tree && cd tree || return
	$under bash -c 'for i in {1..60}; do mkdir -p d$((i % 7))/e$((i % 5)); printf "line %s\n" $(seq $((i * 40))) >d$((i % 7))/e$((i % 5))/f$i; done
		declare -A counts; for f in d*/e*/*; do counts[${f%%/*}]=$((${counts[${f%%/*}]:-0} + 1)); done
		for k in d0 d1 d2 d3 d4 d5 d6; do echo "$k ${counts[$k]}"; done; echo "${!counts[@]}" | wc -w'
	$under find . -type f -name 'f*' -size +1k | sort
	$under find . -type f -exec grep -l 'line 999' {} + | sort
	$under gawk '{ n[$2]++ } END { for (k in n) if (n[k] > 40) c++; print c, length(n) }' d*/e*/*
	$under sed -E 's/line ([0-9]+)/\1 enil/; 5q' d1/e1/f1
	$under tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf all.tar d* && cksum all.tar
	$under xz -T2 -9 -k all.tar && $under xz -dc all.tar.xz | cksum
	$under gzip -n -c all.tar | cksum
	printf 'all: a b c\n\t@echo $^ $(words $(wildcard d*/e*/*))\na b c:\n\t@echo made $@\n' >Makefile
	$under make -j2 --output-sync=none all | sort
	$under ls -lR --time-style=+ d0 | awk '{ print $1, $5, $6 }'
	$under diff -r d0 d1 | cksum
}

both pipeline
same bash -c 'echo $((2 ** 40)); x=$(printf "%01000000d" 7); echo ${#x}; kill -TERM $$'
finish
