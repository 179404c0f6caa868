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

# Under the columns of sizes as many labels as there is room for, the last that of the large blocks; and a
# table that names all classes, or leaves out more than one.
tell seen fill 200000 2
for bytes in 16 32 64 90 130 200 300 400 500 600 700 900 1100 1300 1600 2000 2500 4000 5000 7000; do
	tell seen fill $bytes 20
done
expect 0 "$halloc" map --html "$temporary/sizes.html" "$pid"
labels() { # COLUMNS: sets count to how many there are in a window so wide
	browse --window-size="$1",900 --dump-dom "file://$temporary/sizes.html" >"$temporary/dom"
	sed -n 's/.*<div class="labels" id="labels"[^>]*>\(.*\)/\1/p' "$temporary/dom" | sed 's/<\/div>.*//' |
		grep -o '<span>[^<]*' | sed 's/<span>//' >"$temporary/labels"
	[ "$(tail -n 1 "$temporary/labels")" = large ] ||
		fail "the last label of $1 columns is: $(tail -n 1 "$temporary/labels")"
	count=$(grep -c . "$temporary/labels")
}
labels 900
[ "$count" -ge 9 ] || fail "$count labels in a wide window"
labels 360
[ "$count" -le 8 ] || fail "$count labels in a narrow window"

settings=HALLOC_PURGE_AFTER_MS=3600000
subject six
for bytes in 200 384 512 768 1024 1536; do # as they are served at first, and later
	tell six fill $bytes 4000
done
tell six thin 60
expect 0 "$halloc" top --json "$pid"
[ "$(grep -c '"slot_bytes".*"idle_bytes":[1-9]' "$temporary/out")" -eq 6 ] ||
	fail "not six classes are idle: $(grep '"idle_bytes":[1-9]' "$temporary/out")"
expect 0 "$halloc" map --html "$temporary/six.html" "$pid"
browse --dump-dom "file://$temporary/six.html" >"$temporary/dom"
[ "$(grep -o '<td>slabs of [0-9,]*-byte slots' "$temporary/dom" | wc -l)" -eq 6 ] ||
	fail "not six classes are named: $(grep -o '<td>slabs of [^<]*' "$temporary/dom")"

# A picture of one colour compresses to next to nothing. The page is seen whole, and from closer and closer.
picture() { # NAME ADDRESS
	command="the picture of $2"
	browse --screenshot="$temporary/$1.png" "file://$temporary/$2" >/dev/null
	bytes=$(wc -c <"$temporary/$1.png" 2>/dev/null || echo 0)
	[ "$bytes" -gt 15000 ] || fail "$command: $bytes bytes"
	! grep -qiE 'uncaught|syntaxerror|typeerror' "$temporary/err" ||
		fail "$command: $(grep CONSOLE "$temporary/err")"
}
# It shrinks with its window.
grep -q '^<svg .*style="max-width:100%;height:auto"' "$temporary/map.svg" || fail 'map.svg keeps its width'
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
