/* forker.h - a library whose constructor, which runs before ours, has forks call its handlers. */
#ifndef FORKER_H
#define FORKER_H

#include <pthread.h>

/* Called in each thread that forks: before, and behind it in the parent and in the child. */
enum forker_place { FORKER_BEFORE, FORKER_PARENT, FORKER_CHILD };
extern void (*forker_call)(enum forker_place place);

/* The same, but while our handlers have everything locked. */
extern void (*forker_call_within)(enum forker_place place);

#endif
