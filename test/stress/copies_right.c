/* What is right is never stopped: copies to the last byte of a block, of nothing, to everywhere but the heap, in
 * threads and out of signal handlers that interrupt malloc.
 * run: HALLOC_GUARD_COPIES=1 */
#include "copies_right.h"
