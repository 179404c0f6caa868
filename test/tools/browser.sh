#!/bin/sh
# The page and the picture of map open in a browser, and draw something.
# timeout: 400
# shellcheck source=test/tools/common

. test/tools/common

chromium=
for name in chromium chromium-browser google-chrome; do
	! command -v "$name" >/dev/null || chromium=$name
done
[ -n "$chromium" ] || skip 'chromium is not installed'
subject seen
tell seen fill 100 20000
tell seen fill 3000 500
tell seen fill 200000 20
tell seen thin 3
expect 0 "$halloc" map --svg "$temporary/map.svg" --html "$temporary/map.html" "$pid"

browse() { # OPTION... FILE
	timeout 100 "$chromium" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
		--enable-logging=stderr --user-data-dir="$temporary/profile" --window-size=1200,900 --virtual-time-budget=5000 \
		"$@" 2>"$temporary/err"
}

# The page has run its script without a fault, and filled in what it shows.
browse --dump-dom "file://$temporary/map.html" >"$temporary/dom"
command='the page in the browser'
grep -q 'obey' "$temporary/dom" || fail "$command: does not name the process"
[ "$(wc -c <"$temporary/dom")" -gt "$(wc -c <"$temporary/map.html")" ] ||
	fail "$command: its script has added nothing"
! grep -qiE 'uncaught|syntaxerror|typeerror' "$temporary/err" || fail "$command: $(cat "$temporary/err")"

# A picture of one colour compresses to next to nothing. The page is seen whole, and from closer and closer.
picture() { # NAME ADDRESS
	command="the picture of $2"
	browse --screenshot="$temporary/$1.png" "file://$temporary/$2" >/dev/null
	bytes=$(wc -c <"$temporary/$1.png" 2>/dev/null || echo 0)
	[ "$bytes" -gt 15000 ] || fail "$command: $bytes bytes"
	! grep -qiE 'uncaught|syntaxerror|typeerror' "$temporary/err" ||
		fail "$command: $(grep CONSOLE "$temporary/err")"
}
picture svg map.svg
picture whole map.html
picture near 'map.html#theme=dark&mode=class&level=1&page=9'
picture nearer 'map.html#theme=light&mode=arena&level=2&page=9'
picture slots 'map.html#theme=light&mode=state&level=3&page=9'
for name in near nearer slots; do
	! cmp -s "$temporary/$name.png" "$temporary/whole.png" || fail "$name looks as whole does"
done
! cmp -s "$temporary/nearer.png" "$temporary/slots.png" || fail 'slots looks as nearer does'
[ -z "${KEEP_PICTURES:-}" ] || cp "$temporary"/*.png "$KEEP_PICTURES"
finish
