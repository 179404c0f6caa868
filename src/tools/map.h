/*
 * map.h - Page A, byte by byte: what each stretch of it is.
 */
#ifndef MAP_H
#define MAP_H

#include "reader.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum map_state {
	MAP_LIVE,   /* slots that the program holds */
	MAP_BLOCK,  /* large blocks that the program holds */
	MAP_CACHED, /* slots in threads' caches */
	MAP_FREE, /* free slots on OS pages that slots in use keep in memory, and the ends of slabs */
	MAP_IDLE,   /* free, in memory, and could go back */
	MAP_PURGED, /* no memory: never used, or given back */
	MAP_HOLE,   /* addresses of others */
	MAP_UNKNOWN,
	MAP_STATES,
};

struct map_style {
	const char *name;
	const char *words;
	const char *light; /* colours, "#rrggbb" */
	const char *dark;
	char letter;
};
extern const struct map_style map_styles[MAP_STATES];

#define MAP_NO_CLASS UINT8_MAX

/* What lies in one of the equal parts that Page A is cut into for a picture. */
struct map_part {
	uint64_t bytes[MAP_STATES];
	uint64_t class_weight; /* bytes by which this class leads the others */
	uint8_t sizeclass;     /* which most of it is, if one is; or MAP_NO_CLASS */
};

struct map_picture {
	struct map_part *parts;
	size_t count;
	uint64_t part_bytes;
};

/* Cuts Page A into at most count parts, of whole OS pages. */
struct map_picture map_picture_new(const struct reader_snapshot *snapshot, size_t count);

/* The state that most bytes of a part have. */
enum map_state map_part_state(const struct map_part *part);

uint64_t map_part_bytes(const struct map_part *part);

/* All of Page A by state. */
void map_sum(const struct map_picture *picture, uint64_t sums[MAP_STATES]);

/* The pictures. Each returns after writing all of it; the caller looks at the stream's errors. */
struct map_text_options {
	unsigned columns;
	unsigned rows; /* in all, with title and legend */
	bool colour;
	bool utf8;
	bool by_class;
};
void map_text(FILE *out, const struct source *source, const struct reader_snapshot *snapshot,
              const struct map_text_options *options);
void map_svg(FILE *out, const struct source *source, const struct reader_snapshot *snapshot);
void map_html(FILE *out, const struct source *source, const struct reader_snapshot *snapshot);

#endif
