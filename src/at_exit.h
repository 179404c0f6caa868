/*
 * at_exit.h - statistics when the program exits.
 */
#ifndef AT_EXIT_H
#define AT_EXIT_H

/* From the library's constructor: arranges for the statistics at exit that the user asked for. A program that ends
 * without its exit handlers (_exit, a signal, exec) writes none. */
void at_exit_start(void);

#endif
