/* forker - registers handlers for fork in a constructor that runs before the library's. */
#include "forker.h"

void (*forker_call)(enum forker_place place);

static void call(enum forker_place place)
{
	if (forker_call != NULL)
		forker_call(place);
}

static void before(void)
{
	call(FORKER_BEFORE);
}

static void in_parent(void)
{
	call(FORKER_PARENT);
}

static void in_child(void)
{
	call(FORKER_CHILD);
}

__attribute__((constructor)) static void start(void)
{
	pthread_atfork(before, in_parent, in_child);
}
