/*
 * header.h - Page B's header, in a source.
 */
#ifndef HEADER_H
#define HEADER_H

#include "page_b.h"
#include "source.h"

/* Finds and reads Page B's header, and makes sure that this tool knows its layout.
 * Returns: its address; 0 with the error set. */
uint64_t header_find(struct source *source, struct page_b_header *header, struct tool_error *error);

#endif
