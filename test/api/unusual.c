/* Unusual, and correct: blocks that outlive their thread, are freed from destructors and at exit, are filled to the
 * last usable byte, aligned to megabytes, resized through every size and given to libc and taken from it. */
#include "test.h"
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <wchar.h>

enum { KEPT = 200 };

static pthread_key_t key;
static char *of_thread[KEPT], *at_exit_kept[KEPT];
static int in_destructors;

static size_t size_of(int i)
{
	return (size_t)i * (size_t)i * 17 % 70000;
}

/* All that is usable is written to. */
static char *filled_block(int i)
{
	char *block = malloc(size_of(i));

	REQUIRE(block);
	fill(block, malloc_usable_size(block), (unsigned)i);
	return block;
}

static bool still_filled(char *block, int i)
{
	return filled(block, malloc_usable_size(block), (unsigned)i);
}

static void of_key(void *arg)
{
	free(arg);
	in_destructors++;
	free(strdup("from a destructor"));
	/* another round, with a block that only the round after that frees */
	if (in_destructors % 3 != 0)
		pthread_setspecific(key, filled_block(in_destructors));
}

static void *makes(void *arg)
{
	for (int i = 0; i < KEPT; i++)
		of_thread[i] = filled_block(i);
	pthread_setspecific(key, filled_block(7));
	return arg;
}

static void *frees(void *arg)
{
	int spoiled = 0;

	for (int i = 0; i < KEPT; i += 2) {
		spoiled += !still_filled(of_thread[i], i);
		free(of_thread[i]);
	}
	*(int *)arg = spoiled;
	return NULL;
}

/* Made by one thread that has ended, freed by another that then ends and by this one. */
static void outliving(void)
{
	pthread_t thread;
	int spoiled = 0, here = 0;

	for (int round = 0; round < 20; round++) {
		REQUIRE(pthread_create(&thread, NULL, makes, NULL) == 0);
		REQUIRE(pthread_join(thread, NULL) == 0);
		REQUIRE(pthread_create(&thread, NULL, frees, &spoiled) == 0);
		REQUIRE(pthread_join(thread, NULL) == 0);
		for (int i = 1; i < KEPT; i += 2) {
			here += !still_filled(of_thread[i], i);
			free(of_thread[i]);
		}
	}
	printf("spoiled there %d, here %d; destructors %d\n", spoiled, here, in_destructors);
}

static void alignments(void)
{
	int wrong = 0;
	void *block = NULL;

	for (size_t alignment = 16; alignment <= (size_t)64 << 20; alignment *= 4)
		for (size_t size = 0; size < 3 * alignment && size < 100000; size = size * 3 + 1) {
			REQUIRE(posix_memalign(&block, alignment, size) == 0);
			wrong += (uintptr_t)block % alignment != 0;
			fill(block, malloc_usable_size(block), 9);
			/* its alignment is lost, its contents are not */
			char *moved = realloc(block, size + 100);
			wrong += !filled(moved, size, 9);
			free(moved);
		}
	printf("alignments: %d wrong\n", wrong);
}

static void chains(void)
{
	char *block = NULL;
	int wrong = 0;

	for (int round = 0; round < 5; round++) {
		size_t size = 1;
		block = realloc(block, size);
		for (; size < 3000000; size = size * 5 / 4 + 1) {
			block = realloc(block, size);
			REQUIRE(block);
			fill(block, size, (unsigned)round);
			block = realloc(block, size + size / 3 + 1);
			wrong += !filled(block, size, (unsigned)round);
			block = realloc(block, size / 2 + 1);
			wrong += !filled(block, size / 2, (unsigned)round);
		}
		if (round % 2 == 0) {
			block = realloc(block, 0);
			wrong += block != NULL;
		}
	}
	free(block);
	printf("chains: %d wrong\n", wrong);
}

/* Blocks of libc are the program's to resize and free, and the other way round. */
static void mixed(void)
{
	char *line = malloc(1), *text = NULL, *joined = NULL;
	size_t capacity = 1;
	FILE *stream = tmpfile();

	fprintf(stream, "%05000d\n", 3);
	rewind(stream);
	SAY(getline(&line, &capacity, stream) == 5001);
	fclose(stream);
	line = realloc(line, 6000);
	strcat(line, "more");
	SAY(asprintf(&joined, "%s%s", line, "end") == 5008);
	free(line);
	text = strdup(joined);
	text = realloc(text, 20);
	printf("%.10s\n", text);
	free(text);
	free(joined);
	wchar_t *wide = wcsdup(L"wide");
	SAY(wcslen(wide) == 4);
	free(wide);
	char *path = realpath("/", NULL), *directory = getcwd(NULL, 0);
	SAY(strcmp(path, "/") == 0);
	SAY(*directory == '/');
	free(path);
	free(directory);
	char *buffer = malloc(1 << 16);
	setvbuf(stdout, buffer, _IOFBF, 1 << 16); /* it lives until after exit's handlers */
}

static void late(void)
{
	int spoiled = 0;

	for (int i = 0; i < KEPT; i++) {
		spoiled += !still_filled(at_exit_kept[i], i);
		free(at_exit_kept[i]);
	}
	printf("at exit: %d spoiled\n", spoiled);
}

__attribute__((destructor)) static void last(void)
{
	free(of_thread[KEPT - 1]);
	free(malloc(100000));
}

int main(void)
{
	REQUIRE(pthread_key_create(&key, of_key) == 0);
	outliving();
	alignments();
	chains();
	mixed();
	for (int i = 0; i < KEPT; i++)
		at_exit_kept[i] = filled_block(i);
	of_thread[KEPT - 1] = filled_block(5);
	atexit(late);
	return 0;
}
