/* As copies_right, where blocks have the very bytes that were asked for.
 * run: HALLOC_GUARD_COPIES=1 HALLOC_HARDENED=1 HALLOC_MISMATCH=1 */
#include "copies_right.h"
