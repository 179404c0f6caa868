/* early.h - what libearly.so, whose constructor runs before any other, allocated there. */
#ifndef EARLY_H
#define EARLY_H

#include <stddef.h>

enum { EARLY = 200 };

extern char *early_blocks[EARLY];
extern int early_constructor_ran;

/* Returns: the size that early block i was asked for with. */
size_t early_size(unsigned i);

#endif
