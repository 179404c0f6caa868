/*
 * options.h - what users may set: HALLOC_NAME in the environment, read once at boot, then frozen.
 *
 * The tables below make the structure, the parser, the bounds and the help of README.md.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* X(name, default, smallest, largest, help) */
#define OPTIONS_NUMBERS(X)                                                                       \
	X(purge_after_ms, 500, 0, 3600000, "idle time before memory goes back to the system")    \
	X(arenas, 0, 0, 255, "number of arenas; 0: two for each usable CPU")                     \
	X(magazine_bytes_max, 32768, 0, 1048576, "most bytes of a size class a thread keeps")    \
	X(hardened, 0, 0, 1,                                                                     \
	  "1: every misuse that can be told is told, at a price in time and memory")             \
	X(mismatch, 0, 0, 1,                                                                     \
	  "1: with hardened, blocks that are freed in another way than they were made are told") \
	X(guard_copies, 0, 0, 1,                                                                 \
	  "1: memcpy, strcpy and their kin are stopped before they leave a block")               \
	X(sample, 0, 0, 1000000000,                                                              \
	  "N: one allocation in N gets guarded pages of its own; 0: none")                       \
	X(backtrace, 0, 0, 1, "1: the report of a misuse is followed by the calling stack")      \
	X(background, 0, 0, 1, "1: a thread gives idle memory back while no other comes by")

/* X(name, default, the words allowed, help); the value is the number of the word, from 0. */
#define OPTIONS_WORDS(X)                                                                        \
	X(on_error, 0, "abort report", "what becomes of a program that misuses the heap")       \
	X(deepbind, 0, "share keep",                                                            \
	  "plugins opened with RTLD_DEEPBIND: share the heap, or keep libc's")                  \
	X(pressure, 0, "auto off on",                                                           \
	  "give idle memory back at once where the control group is short of it; auto: with a " \
	  "limit")                                                                              \
	X(huge_pages, 0, "auto off on", "huge pages; auto: where they are likely to be filled") \
	X(operators, 0, "direct library",                                                       \
	  "new and delete of C++: to the heap, or by way of the C++ library")

/* X(name, help); any text, empty when it is not set. */
#define OPTIONS_TEXTS(X)                                                                       \
	X(stats, "1: statistics on stderr at exit; json:FILE: as JSON in FILE, %p is the pid") \
	X(limit, "most memory to commit: bytes, with K, M, G or T; or a percentage, as 80%")

struct options {
#define X(name, ...) uint64_t name;
	OPTIONS_NUMBERS(X)
	OPTIONS_WORDS(X)
#undef X
#define X(name, ...) char name[256];
	OPTIONS_TEXTS(X)
#undef X
};

extern struct options options;

/* Reads the environment. A value that is not allowed, or a name that is not known, gets one warning
 * line, and the default stays. A set-uid program keeps every default. */
void options_boot(void);

#endif
