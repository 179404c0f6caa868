/*
 * sites_text.h - what sites prints: a table for people, folded stacks and JSON for programs.
 */
#ifndef SITES_TEXT_H
#define SITES_TEXT_H

#include "sites.h"
#include "source.h"
#include "symbols.h"

#include <stddef.h>
#include <stdio.h>

/* Writes the sites, the first limit of them. */
typedef void (*sites_form)(FILE *out, const struct source *source, const struct sites *sites,
                           struct symbols *symbols, size_t limit);

void sites_text_table(FILE *out, const struct source *source, const struct sites *sites,
                      struct symbols *symbols, size_t limit);
void sites_text_folded(FILE *out, const struct source *source, const struct sites *sites,
                       struct symbols *symbols, size_t limit);
void sites_text_json(FILE *out, const struct source *source, const struct sites *sites,
                     struct symbols *symbols, size_t limit);

/* Writes what is not seen, a line each. Returns: false where nothing is missing. */
bool sites_text_missing(FILE *out, const struct sites *sites);

#endif
