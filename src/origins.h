/*
 * origins.h - HALLOC_MISMATCH=1, in hardened mode: a block is freed by the call that goes with the one that made
 * it, delete with new and free with malloc, or is reported.
 */
#ifndef ORIGINS_H
#define ORIGINS_H

/* From the library's constructor: where it is asked for, C++'s operators come here first from now on. */
void origins_start(void);

#endif
