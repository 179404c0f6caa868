# git: commits, clone, gc, repack with threads, fsck.
. test/preload/common
needs git
export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a \
	GIT_COMMITTER_EMAIL=a@example.org GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'
times='/^Total /d; s/, [0-9.]* [KM]iB.*done/ done/'

history() {
	$under git init -q -b main first && cd first || return
	for commit in 1 2 3 4 5 6 7 8 9 10 11 12; do
		for file in 1 2 3 4 5 6 7 8 9; do
			awk -v c="$commit" -v f="$file" 'BEGIN {
				for (i = 0; i < 400 * f; i++) print i % (c + f), i * f, (i + c) % 17
			}' >"file$file"
		done
		$under git add . && $under git commit -q -m "commit $commit"
		[ $((commit % 4)) -ne 0 ] || $under git tag "tag$commit"
	done
	$under git log --stat --format='%H %s' | tail -n 60
	$under git checkout -q -b side HEAD~5
	echo side >other && $under git add other && $under git commit -q -m side
	$under git merge -q --no-edit main && $under git rev-parse HEAD
	cd .. && $under git clone -q --no-local first second 2>&1 && cd second || return
	$under git -c pack.threads=4 repack -q -a -d -f --window=20
	$under git gc -q --aggressive --prune=now
	$under git fsck --full --strict 2>&1
	$under git rev-list --objects --all | sort
	$under git blame file3 | cksum
	$under git grep -c '^1 ' | head
	$under git diff tag4 tag12 | cksum
	$under git archive --format=tar HEAD | cksum
}

both history
finish
