# g++ on a large file: the same object code, byte by byte; and a program built so runs alike.
# timeout: 600
. test/preload/common
needs g++
awk 'BEGIN {
	print "#include <algorithm>\n#include <functional>\n#include <iostream>\n#include <map>"
	print "#include <memory>\n#include <regex>\n#include <string>\n#include <unordered_map>\n#include <vector>"
	for (i = 0; i < 10; i++) {
		printf "struct type%d { std::map<std::string, std::vector<int>> rows; std::function<int(int)> f; };\n", i
		printf "template <int N> struct chain%d { std::unordered_map<int, std::unique_ptr<chain%d<N - 1>>> next; int v = N; };\n", i, i
		printf "template <> struct chain%d<0> {};\n", i
		printf "int work%d(int n) { type%d t; chain%d<6> c; t.f = [&](int i) { return i * %d + c.v; };\n", i, i, i, i + 3
		printf " for (int k = 0; k < n; k++) t.rows[std::to_string(k %% 7)].push_back(t.f(k));\n"
		printf " int sum = 0; for (auto &r : t.rows) { std::sort(r.second.begin(), r.second.end()); for (int v : r.second) sum += v; } return sum; }\n"
	}
	print "int main() { std::regex r(\"[0-9]+\"); int sum = 0;"
	for (i = 0; i < 10; i++) printf " sum += work%d(50);\n", i
	print " std::cout << sum << std::regex_match(\"123\", r) << std::endl; }"
}' >"$temporary/large.cc"

compiled() {
	$under g++ -std=c++17 -O1 -g -c -o large.o "$temporary/large.cc" -fdebug-prefix-map="$PWD"=. &&
		$under g++ -o large large.o && $under ./large && cksum <large.o
	$under objdump -dr large.o | tail -n +4 | cksum
	$under g++ -std=c++17 -fsyntax-only -x c++ - 2>&1 <<'END'
#include <map>
std::map<int, std::map<int, nothing>> broken = {1, 2};
END
}

both compiled
finish
