/* c++abi - another one. */
#include "c++.c"
