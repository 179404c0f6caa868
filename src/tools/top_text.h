/*
 * top_text.h - what top prints: tables for people, JSON and Prometheus's form for programs.
 */
#ifndef TOP_TEXT_H
#define TOP_TEXT_H

#include "watch.h"

#include <stdio.h>

/* Fits 80 columns. */
void top_text_title(FILE *out);
void top_text_row(FILE *out, const struct watched *watched);

/* The parts of a process's heap. */
void top_text_class_title(FILE *out);
void top_text_class_row(FILE *out, const struct reader_class *class);
void top_text_arena_title(FILE *out);
void top_text_arena_row(FILE *out, const struct reader_arena *arena);
void top_text_cache_title(FILE *out);
void top_text_cache_row(FILE *out, const struct reader_cache *cache);

void top_text_table(FILE *out, const struct watch *watch, bool details);
void top_text_json(FILE *out, const struct watch *watch);
void top_text_prometheus(FILE *out, const struct watch *watch);

#endif
