# What writes the reports neither allocates nor uses stdio: it may be called from inside malloc, and in a
# signal handler.
found=$(nm -u build/release/report.o build/release/misuse.o build/release/slack.o build/release/backtrace.o) || exit 1
echo "$found" | grep -q ' write$' || {
	echo "nm shows no write: nothing was looked at"
	exit 1
}
! echo "$found" | grep -E '\<(malloc|calloc|realloc|free|memalign|strn?dup|v?(f|s|sn|d|as)?printf|f?put[sc]|fwrite|fopen|fflush|std(err|out)|syslog|psignal|backtrace_symbols)(@|$)'
