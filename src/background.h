/*
 * background.h - a thread of the library that gives idle memory back while no other comes by (HALLOC_BACKGROUND).
 *
 * Neither function changes errno.
 */
#ifndef BACKGROUND_H
#define BACKGROUND_H

/* Starts the thread; or a warning, when the system has none to give. Requires: the heap stands. */
void background_start(void);

/* In the child of a fork, where the thread is no more: starts another one, if there was one. */
void background_fork_child(void);

#endif
