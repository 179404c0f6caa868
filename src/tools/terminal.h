/*
 * terminal.h - a terminal in full-screen mode, given back as it was whatever ends the program.
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

struct terminal_size {
	unsigned columns;
	unsigned rows;
};

/* Keys that are no character. */
enum {
	TERMINAL_NONE = -1, /* the time is over */
	TERMINAL_UP = 256,
	TERMINAL_DOWN,
	TERMINAL_REDRAW, /* the size has changed, or the program was continued */
};

/* Takes over the terminal, and the signals that would leave it in disorder. */
void terminal_open(void);
void terminal_close(void);

/* The next key, within seconds. Does not return when a signal ends the program. */
int terminal_key(double seconds);

/* The size of the terminal behind a descriptor; 80 by 24 when there is none to ask. COLUMNS and LINES
 * in the environment come first where there is no terminal. */
struct terminal_size terminal_size(int fd);

/* Whether the locale writes UTF-8. */
bool terminal_is_utf8(void);

#endif
