/*
 * forms.h - the heap in the forms that glibc writes.
 */
#ifndef FORMS_H
#define FORMS_H

#include <stdio.h>

/* Writes glibc's XML to stream. Returns: 0. */
int forms_info(FILE *stream);

/* Writes glibc's lines to the stream stderr, as glibc does; while the statistics are on, ours to file descriptor 2. */
void forms_stats(void);

#endif
