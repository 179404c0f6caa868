# Programs of every day do the same in hardened mode with everything watched; C++ ones among them.
# timeout: 500
. test/preload/programs
needs g++
export HALLOC_HARDENED=1 HALLOC_GUARD_COPIES=1 HALLOC_MISMATCH=1
cat >"$temporary/texts.cc" <<'END'
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <regex>
#include <string>
#include <vector>
int main()
{
	std::map<std::string, std::vector<int>> where;
	std::regex word("[a-z]+([0-9])");
	for (int i = 0; i < 3000; i++) {
		std::string text = "word" + std::to_string(i * 7919 % 1000);
		std::smatch found;
		if (std::regex_search(text, found, word))
			where[found[0]].push_back(i);
	}
	std::vector<std::shared_ptr<std::string>> names;
	for (auto &entry : where)
		names.push_back(std::make_shared<std::string>(entry.first));
	std::sort(names.begin(), names.end(), [](auto &a, auto &b) { return *a > *b; });
	std::cout << where.size() << ' ' << *names.front() << '\n';
	return 0;
}
END
cxx() {
	$under g++ -O1 -o texts "$temporary/texts.cc" && $under ./texts
	$under python3 -c 'import ctypes, decimal, json, ssl, sqlite3
print(json.dumps(sqlite3.connect(":memory:").execute("select 1").fetchall()), ctypes.sizeof(ctypes.c_long))'
}
both programs
both cxx
finish
