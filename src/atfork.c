/*
 * atfork - has our handlers for fork registered before those of anybody else.
 *
 * Holds:  the address of the C library's function.
 * Always: handlers that prepare for a fork run in the reverse of the order in which they were registered. Those of a
 *         library may wait for a thread that allocates: so ours, which take the locks of the heap, are to run behind
 *         them, as glibc takes those of its own malloc.
 * Locks:  none.
 *
 * Constructors of other libraries run before ours; what pthread_atfork calls there comes here.
 */
#include "boot.h"
#include "objects.h"
#include "report.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

typedef void handler(void);
typedef int registers(handler *prepare, handler *parent, handler *child, void *library);

EXPORT registers __register_atfork;

/* What pthread_atfork says of this library; the compiler's files for the start have it. */
extern void *__dso_handle __attribute__((visibility("hidden")));

/* While the process exits, the handlers of each library go with it, but other threads still allocate and fork, and may have
 * taken the locks for that: so ours are nobody's. */
int __register_atfork(handler *prepare, handler *parent, handler *child, void *library)
{
	static void *known;

	boot_prepare_forks();
	registers *theirs = (registers *)(uintptr_t)objects_behind(&known, "__register_atfork");
	if (library == __dso_handle)
		library = NULL;
	return theirs != NULL ? theirs(prepare, parent, child, library) : ENOMEM;
}
