/*
 * statistics.h - what was counted, written out: for people, and for programs.
 */
#ifndef STATISTICS_H
#define STATISTICS_H

#include "introspect.h"
#include "report.h"

#include <stdbool.h>

/* Whether the user asked for statistics. Set once, at start. */
extern bool statistics_wanted;

/* Lines that begin with "halloc: ", for people. */
void statistics_print(struct report_stream *out, const struct introspect_totals *totals);

/* The same, and more, as one JSON object. */
void statistics_print_json(struct report_stream *out, const struct introspect_totals *totals);

/* From the library's constructor: the first request that HALLOC_LIMIT refuses gets a line that says what holds the
 * memory. */
void statistics_start(void);

#endif
