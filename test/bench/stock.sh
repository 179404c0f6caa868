# stock.sh - the programs of the benchmark that every distribution has; sourced by scripts/bench.
#
# stock_NAME says what it needs, writes its input below $temporary, and names the command, which
# "measure" runs in rounds. Seeds are fixed; "-" stands for what a name of a function cannot have.
# shellcheck shell=sh disable=SC2034,SC2154 # temporary and input are the sourcing script's

stock_python3() {
	need python3 || return
	cat >"$temporary/python3.py" <<'END'
import collections, json, re

seed, words = 42, []
for _ in range(120000):
    seed = seed * 16807 % 2147483647
    words.append("w%x" % (seed % 30011))
counts = collections.Counter(words)
index = {}
for place, word in enumerate(words):
    index.setdefault(word, []).append(place)
for _ in range(3):
    text = json.dumps({"words": counts, "index": index}, sort_keys=True)
    back = json.loads(text)
assert back["index"] == index
rows = sorted((len(places), word) for word, places in index.items())
print(len(re.findall(r'"w[0-9a-f]{1,3}": (\d+)', text)), rows[:3])
END
	# the interpreter itself, not a launcher of some version manager
	python=$(python3 -c 'import sys; print(sys.executable)') || return
	export PYTHONMALLOC=malloc
	measure "$python" -s "$temporary/python3.py"
	unset PYTHONMALLOC
}

stock_perl() {
	need perl || return
	cat >"$temporary/perl.pl" <<'END'
use strict;
use warnings;
my ($seed, %count, @lines) = (42);
for my $i (1 .. 350_000) {
	$seed = $seed * 16807 % 2147483647;
	my $word = sprintf 'w%x', $seed % 40009;
	$count{$word}++;
	push @lines, "$word:$i";
}
my %by_word;
push @{ $by_word{(split /:/)[0]} }, $_ for @lines;
my $text = join ',', map { "$_=" . scalar @{ $by_word{$_} } } sort keys %by_word;
(my $swapped = $text) =~ s/(\w+)=(\d+)/$2=$1/g;
print length $text, ' ', length $swapped, ' ', scalar(keys %count), "\n";
END
	measure perl "$temporary/perl.pl"
}

stock_lua() {
	need lua || return
	cat >"$temporary/lua.lua" <<'END'
local seed, count, words = 42, {}, {}
for i = 1, 600000 do
	seed = seed * 16807 % 2147483647
	local word = string.format("w%x", seed % 30011)
	count[word] = (count[word] or 0) + 1
	words[#words + 1] = { word .. ":" .. i, i }
	if i % 200000 == 0 then words = {} end
end
local rows = {}
for word, n in pairs(count) do rows[#rows + 1] = word .. "=" .. n end
table.sort(rows)
print(#words, #rows, (table.concat(rows, ","):gsub("(%w+)=(%d+)", "%2=%1")):len())
END
	measure lua "$temporary/lua.lua"
}

stock_sqlite3() {
	need sqlite3 || return
	cat >"$temporary/sqlite3.sql" <<'END'
create table t (id integer primary key, word text, kind integer, value real);
with recursive n (i, seed) as (
	select 1, 42 union all select i + 1, seed * 16807 % 2147483647 from n where i < 100000)
insert into t select i, printf('w%x', seed % 30011), seed % 211, seed / 7.0 from n;
create index by_word on t (word, kind);
select kind, count(*), count(distinct word), round(sum(value)) from t group by kind limit 20;
select a.word, count(*) from t a join t b using (word) where a.kind < b.kind
	group by a.word order by 2 desc, 1 limit 10;
select length(group_concat(word)) from (select word from t order by value);
delete from t where kind % 3 = 0;
vacuum;
END
	input=$temporary/sqlite3.sql
	measure sqlite3 :memory:
	input=/dev/null
}

stock_gcc() {
	need gcc || return
	awk 'BEGIN {
		for (i = 0; i < 400; i++) {
			printf "static unsigned f%d(unsigned a, const unsigned *b)\n{\n", i
			printf "\tfor (unsigned i = 0; i < a %% %d; i++)\n", i + 7
			printf "\t\ta += b[i & 15] * %du ^ (a >> %d);\n\treturn a;\n}\n", i * 2654435, i % 31
		}
		print "unsigned all(unsigned a, unsigned *b)\n{"
		for (i = 0; i < 400; i++)
			printf "\ta = f%d(a, b);\n", i
		print "\treturn a;\n}"
	}' >"$temporary/gcc.c"
	measure gcc -O2 -g -c -o "$temporary/gcc.o" "$temporary/gcc.c"
}

stock_gxx() {
	need g++ || return
	cat >"$temporary/gxx.cc" <<'END'
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

template <int N> struct chain {
	std::map<std::string, std::vector<std::unique_ptr<chain<N - 1>>>> links;
	std::function<int(int)> step = [](int i) { return i + N; };
};
template <> struct chain<0> {};

int main()
{
	chain<8> head;
	std::unordered_map<std::string, int> counts;
	for (int i = 0; i < 100; i++)
		counts[std::to_string(head.step(i) % 7)]++;
	std::vector<std::pair<std::string, int>> rows(counts.begin(), counts.end());
	std::sort(rows.begin(), rows.end());
	for (const auto &row : rows)
		std::cout << row.first << ' ' << row.second << '\n';
}
END
	measure g++ -std=c++17 -O1 -c -o "$temporary/gxx.o" "$temporary/gxx.cc"
}

stock_gs() {
	need gs || return
	cat >"$temporary/gs.ps" <<'END'
%!PS
42 srand
/shade { rand 256 mod 255 div } def
/place { rand 500 mod 50 add } def
/Times-Roman findfont 9 scalefont setfont
12 {
	/words 400 dict def
	1 1 1500 {
		/i exch def
		shade shade shade setrgbcolor
		newpath place place moveto place place place place place place curveto
		i 3 mod 0 eq { closepath fill } { stroke } ifelse
		words i 400 mod 12 string cvs dup length string copy i put
		place place moveto i 12 string cvs show
	} for
	showpage
} repeat
END
	measure gs -q -dBATCH -dNOPAUSE -dSAFER -sDEVICE=ppmraw -r100 -o /dev/null "$temporary/gs.ps"
}

stock_z3() {
	need z3 || return
	# jobs that pass through machines in turn, in less and less time
	awk 'BEGIN {
		jobs = 9; machines = 5; seed = 42
		print "(set-logic QF_IDL)"
		for (j = 0; j < jobs; j++)
			for (m = 0; m < machines; m++) {
				seed = seed * 16807 % 2147483647
				lasts[j, m] = 1 + seed % 20
				printf "(declare-const s%d_%d Int)(assert (>= s%d_%d 0))\n", j, m, j, m
			}
		for (j = 0; j < jobs; j++)
			for (m = 0; m < machines; m++) {
				if (m > 0)
					after(j, m, j, m - 1)
				for (k = 0; k < j; k++) {
					printf "(assert (or (>= (- s%d_%d s%d_%d) %d)", j, m, k, m, lasts[k, m]
					printf " (>= (- s%d_%d s%d_%d) %d)))\n", k, m, j, m, lasts[j, m]
				}
			}
		for (bound = 400; bound >= 160; bound -= 20) {
			print "(push)"
			for (j = 0; j < jobs; j++)
				printf "(assert (<= s%d_%d %d))\n", j, machines - 1, bound
			print "(check-sat)(pop)"
		}
	}
	function after(j, m, k, n) {
		printf "(assert (>= (- s%d_%d s%d_%d) %d))\n", j, m, k, n, lasts[k, n]
	}' >"$temporary/z3.smt2"
	measure z3 "$temporary/z3.smt2"
}

# The server is what is measured; its client, without a library, is not.
stock_redis() {
	need redis-server redis-cli redis-benchmark || return
	socket=$temporary/redis.sock
	measure redis-server --port 0 --unixsocket "$socket" --save '' --appendonly no \
		--dir "$temporary" --daemonize no
}

# What the clients do while the server $1 runs. Returns: 1 when it does not answer.
drive_redis() {
	tries=0
	until [ "$(redis-cli -s "$socket" ping 2>/dev/null)" = PONG ]; do
		tries=$((tries + 1))
		if [ "$tries" -gt 100 ] || ! kill -0 "$1" 2>/dev/null; then
			return 1
		fi
		sleep 0.1
	done
	redis-benchmark -s "$socket" -q -n 150000 -r 100000 -P 16 -d 100 \
		-t set,get,lpush,lpop,sadd,hset,zadd,mset >/dev/null 2>&1
	status=$?
	redis-cli -s "$socket" shutdown nosave >/dev/null 2>&1
	return $status
}
