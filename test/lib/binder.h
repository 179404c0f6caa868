/* binder.h - a library to be opened, with a thread that calls a function for the first time. */
#ifndef BINDER_H
#define BINDER_H

#include <stddef.h>

/* Copies, by the function that was called. */
void binder_copies(char *to, const char *from, size_t bytes);

/* Has the thread go on, and end. Returns: the instructions that its call took. */
unsigned binder_end(void);

#endif
