/* api.h - the public functions, as rules-fuzz.mk renames them: libc and the sanitizers keep their own. */
#ifndef API_H
#define API_H

#include <malloc.h>
#include <stddef.h>

void *api_malloc(size_t size);
void *api_calloc(size_t count, size_t size);
void *api_realloc(void *ptr, size_t size);
void api_free(void *ptr);
void api_cfree(void *ptr);
void api_free_sized(void *ptr, size_t size);
void api_free_aligned_sized(void *ptr, size_t alignment, size_t size);
void *api_aligned_alloc(size_t alignment, size_t size);
void *api_memalign(size_t alignment, size_t size);
int api_posix_memalign(void **place, size_t alignment, size_t size);
void *api_valloc(size_t size);
void *api_pvalloc(size_t size);
size_t api_malloc_usable_size(void *ptr);
int api_malloc_trim(size_t pad);
struct mallinfo2 api_mallinfo2(void);

#endif
