/*
 * machine.h - what the process was given: processors, memory, chance; and the small files in which the system says so.
 *
 * Sizes are bytes. No locks are taken; errno is left as the system set it.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The processors this process may use: by affinity and by the control group's quota; at least 1. */
unsigned machine_cpus(void);

/* A number that cannot be foretold, for placing things; not for keys. Threads that ask at once may get the same. */
uint64_t machine_random(void);

/* The memory of the machine. */
size_t machine_memory_bytes(void);

/* Reads the first bytes of a small file, such as those of /proc and /sys, as text.
 * Returns: false when there is none. */
bool machine_file_read(const char *path, char *text, size_t bytes);

#endif
