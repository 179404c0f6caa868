# postgres: initdb, pgbench, and what the tables hold afterwards.
# timeout: 400
. test/preload/common
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
PATH=${bin:+$bin:}$PATH
needs postgres initdb pg_ctl pgbench psql
as=
if [ "$(id -u)" -eq 0 ]; then
	needs setpriv
	as='setpriv --reuid=nobody --regid=nogroup --clear-groups'
	chmod 755 "$(dirname "$temporary")"
fi

# Paths are short: a socket's name has 107 bytes at most.
database() {
	[ -z "$as" ] || chown nobody:nogroup .
	# shellcheck disable=SC2086 # words
	{
		$as $under initdb -D data -U me --locale=C -E UTF8 --no-sync >initdb.log 2>&1
		echo "initdb: $?"
		$as $under pg_ctl -D data -w -t 60 -l server.log \
			-o "-c listen_addresses= -c unix_socket_directories=$PWD -c fsync=off -c max_parallel_workers_per_gather=2" \
			start >start.log 2>&1
		echo "start: $?"
		client="-h $PWD -U me"
		$as $under pgbench -i -q -s 2 $client postgres >init.log 2>&1
		echo "pgbench -i: $?"
		$as $under pgbench -c 4 -j 2 -t $((200 * scale)) $client postgres >run.log 2>&1
		echo "pgbench: $? $(grep 'number of transactions actually' run.log)"
		$as $under psql -At $client postgres <<'END' 2>&1
select count(*), sum(abalance) = (select sum(delta) from pgbench_history) from pgbench_accounts;
select sum(tbalance) = (select sum(delta) from pgbench_history) from pgbench_tellers;
create table t as select i, md5(i::text) as m from generate_series(1, 100000) i;
create index on t (m);
select count(*), min(m), max(m) from t where m > 'a';
select md5(string_agg(m, ',' order by i)) from t;
select left(m, 2) as k, count(*) from t group by k order by 2 desc, 1 limit 5;
select jsonb_object_agg(i, m)->>'77' from t where i < 3000;
select * from t where i = 'x';
END
		$as $under pg_ctl -D data -m fast -w stop >stop.log 2>&1
		echo "stop: $?"
		grep -cE 'PANIC|terminated by signal' server.log
	}
}

both database
finish
