# A program that is built with ThreadSanitizer runs as it does without the library: the sanitizer knows only the addresses
# that the system gives, and puts 0 in the place of others, which root may have mapped.
# modes: HALLOC_HARDENED=0 HALLOC_HARDENED=1
program=$TMPDIR/threads

gcc -x c -fsanitize=thread -o "$program" - <<'END' || exit 1
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *work(void *number)
{
	for (size_t size = 1; size < 3000; size++) {
		char *block = malloc(size);
		if (block == NULL)
			abort();
		memset(block, 1, size);
		free(block);
	}
	return number;
}

int main(void)
{
	pthread_t other;
	char *large = malloc((size_t)100 << 20);

	if (large == NULL || pthread_create(&other, NULL, work, NULL) != 0)
		return 1;
	work(NULL);
	pthread_join(other, NULL);
	puts("done");
	return 0;
}
END
alone=$("$program" 2>&1)
preloaded=$(LD_PRELOAD=$TEST_LIB "$program" 2>&1)
[ "$preloaded" = "$alone" ] || {
	printf 'alone:\n%s\npreloaded:\n%s\n' "$alone" "$preloaded"
	exit 1
}
