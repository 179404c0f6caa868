# redis-server: the same data under the same commands, and redis-benchmark's load.
# timeout: 400
. test/preload/common
needs redis-server redis-cli redis-benchmark

commands() {
	awk -v count=$((20000 * scale)) 'BEGIN {
		for (i = 0; i < count; i++) {
			seed = (seed * 7919 + 17) % 65521
			print "SET key:" seed, sprintf("%0" (seed % 300 + 1) "d", i)
			print "HSET hash:" seed % 97, "f" i % 513, seed
			print "LPUSH list:" seed % 31, seed
			print "ZADD zset:" seed % 13, seed, "m" i % 1999
			if (i % 3 == 0) print "DEL key:" seed * 3 % 65521
			if (i % 5 == 0) print "RPOP list:" i % 31
			if (i % 7 == 0) print "APPEND key:" seed, "more"
		}
	}'
}

serve() {
	socket=$PWD/socket
	$under redis-server --port 0 --unixsocket "$socket" --save '' --appendonly no --daemonize no \
		--dir "$PWD" --enable-debug-command local --io-threads 2 >server.log 2>&1 &
	server=$!
	await redis-cli -s "$socket" ping || echo "no answer: $(cat server.log)"
	commands | redis-cli -s "$socket" --raw | cksum
	redis-cli -s "$socket" dbsize
	redis-cli -s "$socket" debug digest
	redis-cli -s "$socket" save
	redis-cli -s "$socket" debug reload
	redis-cli -s "$socket" debug digest
	redis-benchmark -s "$socket" -q -n $((20000 * scale)) -r 10000 -P 8 -c 20 -d 200 \
		-t set,get,incr,lpush,lpop,sadd,hset,zadd,mset >bench.log 2>&1
	echo "benchmark: status $?, $(grep -c 'requests per second' bench.log) kinds"
	redis-cli -s "$socket" memory purge
	redis-cli -s "$socket" flushall
	redis-cli -s "$socket" shutdown nosave
	wait $server
	echo "server: status $?"
	grep -c 'crashed\|ASSERT' server.log
}

both serve
finish
