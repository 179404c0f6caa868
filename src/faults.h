/*
 * faults.h - reports of accesses that fault at a guard, or among the pages of what was freed.
 */
#ifndef FAULTS_H
#define FAULTS_H

/* From the library's constructor: accesses that fault at a guard are reported from now on, with the stacks
 * of the allocation and of the free. A handler that the program sets later takes the place of this one. */
void faults_start(void);

#endif
