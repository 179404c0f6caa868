/*
 * pages.h - the OS pages of slabs that hold no slot in use: they go back to the system.
 */
#ifndef PAGES_H
#define PAGES_H

#include <stddef.h>
#include <stdint.h>

/* Gives OS pages of slabs back that held no slot in use for age_ms, of every arena. Returns: bytes given back. */
size_t pages_purge(uint32_t now_ms, uint32_t age_ms);

#endif
