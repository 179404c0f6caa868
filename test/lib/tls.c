/* tls - has thread-local variables, some of them large. */
#include "test.h"

static _Thread_local char room[5000];
static _Thread_local int counter = 41;

int touch_tls(void);

int touch_tls(void)
{
	memset(room, ++counter, sizeof room);
	return room[4999];
}
