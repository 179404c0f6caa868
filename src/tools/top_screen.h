/*
 * top_screen.h - the full-screen view of top.
 */
#ifndef TOP_SCREEN_H
#define TOP_SCREEN_H

#include "watch.h"

/* Shows the processes, again after each delay, until the user or a signal ends it.
 * Returns: when the user quits, or when no process is left and none is searched for. */
void top_screen_run(struct watch *watch, enum watch_key key, double delay);

#endif
