# perl, php with its extensions, ruby, lua and sqlite3.
. test/preload/common
needs perl php ruby lua5.4 sqlite3

cat >"$temporary/work.pl" <<'END'
use strict; use warnings; use threads;
sub work { my ($n) = @_; my %h; $h{"k" . ($_ * 7919 % 5003)} .= chr(97 + $_ % 26) for 1 .. 30000;
	my $t = join ',', map { "$_=" . length $h{$_} } sort keys %h; $t =~ s/(\d+)=(\d+)/$2:$1/g;
	return length($t) . ' ' . unpack('%32C*', $t) . " $n"; }
print "$_\n" for map { $_->join } map { threads->create(\&work, $_) } 1 .. 4;
print work(0), "\n", sprintf("%s", join '', map { pack 'N', $_ } 1 .. 5) eq '' ? 'empty' : 'full', "\n";
END
same perl "$temporary/work.pl"

cat >"$temporary/work.php" <<'END'
<?php
$loaded = get_loaded_extensions(); sort($loaded); echo implode(' ', $loaded), "\n";
$rows = []; for ($i = 0; $i < 50000; $i++) $rows["k" . ($i * 31 % 4001)][] = $i;
ksort($rows); echo md5(json_encode($rows)), "\n", md5(serialize($rows)), "\n";
echo preg_replace_callback('/\d+/', fn($m) => $m[0] * 2, 'a1b22c333'), "\n";
echo hash('sha256', str_repeat('x', 1000000)), "\n";
END
same php "$temporary/work.php"
export USE_ZEND_ALLOC=0
same php "$temporary/work.php"
unset USE_ZEND_ALLOC

cat >"$temporary/work.rb" <<'END'
require 'json'; require 'digest'
Digest::SHA256.hexdigest('') # it loads itself, and not from several threads
threads = 4.times.map { |n| Thread.new { Digest::SHA256.hexdigest(JSON.generate((1..20000).map { |i| { "k#{i * 7 % 977}" => 'v' * (i % 50) } })) + n.to_s } }
puts threads.map(&:value); GC.start; puts (1..200).reduce(:*).to_s.length
END
same ruby "$temporary/work.rb"

cat >"$temporary/work.lua" <<'END'
local t, seed = {}, 42
for i = 1, 200000 do seed = seed * 16807 % 2147483647; t[#t + 1] = string.format("w%x", seed % 30011) .. i end
table.sort(t); print(#t, t[1], t[#t], #table.concat(t, ","))
END
same lua5.4 "$temporary/work.lua"

cat >"$temporary/work.sql" <<'END'
create table t (id integer primary key, word text, kind integer);
with recursive n (i, seed) as (select 1, 42 union all select i + 1, seed * 16807 % 2147483647 from n where i < 50000)
insert into t select i, printf('w%x', seed % 30011), seed % 211 from n;
create index by_word on t (word, kind);
select kind, count(*), count(distinct word) from t group by kind limit 20;
select length(group_concat(word)) from (select word from t order by word);
delete from t where kind % 3 = 0; vacuum; pragma integrity_check;
select nothing from t;
END
same sqlite3 -bail :memory: ".read $temporary/work.sql"
finish
