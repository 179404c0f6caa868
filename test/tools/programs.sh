#!/bin/sh
# top, map and trim on programs of every day: redis-server under load, python3, and a java of many threads;
# and a core file of one, from the kernel's own form.
# timeout: 400
# shellcheck source=test/tools/common

. test/tools/common

for program in redis-server redis-cli redis-benchmark python3 java javac gdb; do
	command -v "$program" >/dev/null || skip "$program is not installed"
done

# redis-server, while its clients write.
socket=$temporary/redis.sock
start redis redis-server --port 0 --unixsocket "$socket" --save '' --appendonly no --dir "$temporary"
redis=$pid
await sh -c "redis-cli -s $socket ping >/dev/null"
redis-benchmark -s "$socket" -q -n 400000 -r 100000 -P 16 -t set,lpush,hset,del \
	>"$temporary/benchmark" 2>&1 &
benchmark=$!
running="$running $benchmark"
top_works "$redis" redis-server
map_works "$redis" redis-server
for _ in 1 2 3 4 5 6 7 8 9 10; do
	expect 0 "$halloc" top --json "$redis"
	json_is_sound
done
expect 0 "$halloc" top -n 10 -d 0.1 "$redis"
wait "$benchmark" || fail "redis-benchmark under top: status $?"
redis-cli -s "$socket" flushall >/dev/null
expect 0 "$halloc" top --json "$redis"
before=$(field held_bytes)
# An idle redis meets the request when it next needs more than its thread's cache has.
command="trim of redis-server"
"$halloc" trim --wait 60 "$redis" >"$temporary/out" 2>"$temporary/err" &
trim=$!
while kill -0 "$trim" 2>/dev/null; do
	awk 'BEGIN { printf "SET large %0200000d\n", 1 }' | redis-cli -s "$socket" >/dev/null
	sleep 0.2
done
wait "$trim" || fail "$command: exit status $?: $(cat "$temporary/err")"
says "^$redis .*gave back [0-9]"
redis-cli -s "$socket" del large >/dev/null
expect 0 "$halloc" top --json "$redis"
after=$(field held_bytes)
[ "$after" -lt $((before / 2)) ] || fail "trim of an empty redis: $before bytes held before, $after after"
redis-cli -s "$socket" ping | grep -q PONG || fail 'redis does not answer any more'

# python3, which holds a lot and sleeps.
cat >"$temporary/hold.py" <<'END'
import sys, time
held = [{"k%d" % i: [i] * 3} for i in range(50000)]
print(len(held), flush=True)
time.sleep(1000)
END
settings=PYTHONMALLOC=malloc
start python "$(python3 -c 'import sys; print(sys.executable)')" "$temporary/hold.py"
settings=
python=$pid
await test -s "$temporary/python.out"
top_works "$python" 'python3*'
map_works "$python" 'python3'

# A core of it: what the living process said, the core says too.
expect 0 "$halloc" map --width 60 "$python"
sed 1q "$temporary/out" | sed 's/.*Page A/Page A/' >"$temporary/alive"
gdb -p "$python" -batch -ex "gcore $temporary/core" >/dev/null 2>&1
[ -s "$temporary/core" ] || fail 'gdb wrote no core'
expect 0 "$halloc" map --width 60 "$temporary/core"
sed 1q "$temporary/out" | sed 's/.*Page A/Page A/' >"$temporary/dead"
cmp -s "$temporary/alive" "$temporary/dead" ||
	fail "alive: $(cat "$temporary/alive"), in the core: $(cat "$temporary/dead")"
map_works "$temporary/core" 'python3'

# java, whose threads allocate all the time.
cat >"$temporary/Busy.java" <<'END'
import java.util.zip.*;
public class Busy {
	public static void main(String[] args) throws Exception {
		for (int i = 0; i < 8; i++) {
			Thread thread = new Thread(() -> {
				byte[] from = new byte[20000], to = new byte[30000];
				for (;;) {
					Deflater deflater = new Deflater();
					deflater.setInput(from);
					deflater.finish();
					deflater.deflate(to);
					deflater.end();
				}
			});
			thread.setDaemon(true);
			thread.start();
		}
		System.out.println("busy");
		Thread.sleep(1000000);
	}
}
END
javac -d "$temporary" "$temporary/Busy.java" || fail 'javac failed'
start java java -Xmx128m -cp "$temporary" Busy
java=$pid
await test -s "$temporary/java.out"
top_works "$java" java
map_works "$java" java
expect 0 "$halloc" trim --wait 60 "$java"
expect 0 "$halloc" top --once
says "^ *$redis "
says "^ *$python "
says "^ *$java "
kill -0 "$java" || fail 'java has ended'
finish
