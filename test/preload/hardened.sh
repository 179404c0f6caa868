# Programs of every day do the same in hardened mode.
# timeout: 250
. test/preload/common
needs /usr/bin/python3 perl git sqlite3 gcc sort xz
export HALLOC_HARDENED=1 GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org \
	GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org GIT_AUTHOR_DATE='1700000000 +0000' \
	GIT_COMMITTER_DATE='1700000000 +0000'
awk 'BEGIN { seed = 42; for (i = 0; i < 200000; i++) { seed = seed * 16807 % 2147483647; print seed } }' \
	>"$temporary/lines"
cat >"$temporary/work.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
	for (int i = 0; i < 10; i++)
		printf("%d\n", i * i);
	return 0;
}
END

programs() {
	PYTHONMALLOC=malloc $under /usr/bin/python3 -c '
import collections, hashlib, json, threading
def work(n):
    d = {"k%d" % (i * 7919 % 5003): [i] * (n + 1) for i in range(20000)}
    out[n] = hashlib.sha256(json.dumps(d, sort_keys=True).encode()).hexdigest()
out = {}
threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
print(sorted(out.items()))'
	$under perl -e 'my %h; $h{$_ * 7919 % 5003} .= "x" x ($_ % 50) for 1 .. 50000; print scalar(keys %h), " ", length join("", values %h), "\n"'
	$under sort --parallel=2 "$temporary/lines" | cksum
	$under xz -T2 -c "$temporary/lines" | cksum
	$under gcc -O2 -o work "$temporary/work.c" && ./work
	$under sqlite3 :memory: 'create table t (a, b); with recursive n (i) as (select 1 union all select i + 1 from n where i < 20000)
		insert into t select i, printf("w%d", i * 7919 % 5003) from n; select count(distinct b), sum(length(b)) from t;'
	$under git init -q -b main repo && cd repo && cp "$temporary/lines" . && $under git add . &&
		$under git commit -q -m one && $under git gc -q && $under git fsck --full 2>&1
	$under git rev-parse HEAD
}

both programs
finish
