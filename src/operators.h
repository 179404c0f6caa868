/*
 * operators.h - new and delete of C++ without a detour: what the program starts with calls the heap itself, not the
 * operators of the C++ library, which would call malloc and free.
 */
#ifndef OPERATORS_H
#define OPERATORS_H

/* From the library's constructor: where there is a C++ library, calls of its operators come here from now on. */
void operators_start(void);

#endif
