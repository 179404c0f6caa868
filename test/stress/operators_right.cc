// As origins_right, where these calls go straight to the heap, or by way of the C++ library.
// modes: HALLOC_OPERATORS=direct HALLOC_OPERATORS=library HALLOC_HARDENED=1 HALLOC_SAMPLE=7
// library: maker
#include "origins_right.cc"
