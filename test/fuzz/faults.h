/*
 * faults.h - put in front of src/os.c in the fault build: each system call for memory goes through a
 * function of the test, with its line, and fails when the test says so.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <sys/mman.h>

void *fault_mmap(int line, void *start, size_t bytes, int rights, int flags, int file, off_t at);
int fault_munmap(int line, void *start, size_t bytes);
int fault_mprotect(int line, void *start, size_t bytes, int rights);
int fault_madvise(int line, void *start, size_t bytes, int advice);
void *fault_mremap(int line, void *from, size_t old_bytes, size_t bytes, int flags, void *to);

#define mmap(...)     fault_mmap(__LINE__, __VA_ARGS__)
#define munmap(...)   fault_munmap(__LINE__, __VA_ARGS__)
#define mprotect(...) fault_mprotect(__LINE__, __VA_ARGS__)
#define madvise(...)  fault_madvise(__LINE__, __VA_ARGS__)
#define mremap(...)   fault_mremap(__LINE__, __VA_ARGS__)

#endif
