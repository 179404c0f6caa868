/*
 * objects.h - the objects that the loader has loaded, as the tables in them say: which addresses of functions they
 * hold, and what may be done about these.
 */
#ifndef OBJECTS_H
#define OBJECTS_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kinds of slots: of a call, of an address taken by code, of an address in data. */
#if defined __x86_64__
enum { SLOT_CALL = R_X86_64_JUMP_SLOT, SLOT_ADDRESS = R_X86_64_GLOB_DAT, SLOT_DATA = R_X86_64_64 };
#elif defined __aarch64__
enum {
	SLOT_CALL = R_AARCH64_JUMP_SLOT,
	SLOT_ADDRESS = R_AARCH64_GLOB_DAT,
	SLOT_DATA = R_AARCH64_ABS64
};
#else
enum { SLOT_CALL = -1, SLOT_ADDRESS = -2, SLOT_DATA = -3 };
#endif

/* A loaded object. */
struct object {
	const struct dl_phdr_info *info;
	uintptr_t base;
	uintptr_t start;
	uintptr_t end;
	const ElfW(Sym) * symbols;
	const char *strings;
	const ElfW(Rela) * tables[2];
	size_t counts[2];
	uintptr_t sealed_start; /* what the loader made read-only once it was filled in */
	uintptr_t sealed_end;
	bool opened;
	bool is_ours;
	bool has_paths;
};

/* Libraries may be closed while what is loaded is gone through: then that is done again, but not for ever. */
#define OBJECTS_TRIES_MAX 16u

/* Reads an object's tables. Locks: the loader's is held, as dl_iterate_phdr has it; so too for those below. */
void objects_read(struct object *object, const struct dl_phdr_info *info);

/* Whether an object's file is among those that words stand for: how their names begin. No word: this library's. */
bool objects_is_named(const struct object *object, const char *words);

/* Whether an entry of a table tells of the address of a function with a name. */
bool objects_is_slot(const ElfW(Rela) * entry);

/* Writes to a slot, if it is where an object has data. Returns: false when the system does not let it be changed. */
bool objects_write(struct object *object, uintptr_t slot, void *value);

/* Seals again what was opened to write to slots. */
void objects_seal(struct object *object);

/* Whether the code at an address lies in an object that has directories of its own to find libraries in, so
 * that it matters who opens one. Locks: the caller holds none; so too for those below. */
bool objects_has_paths(const void *code);

/* The function of that name that the loader finds behind this library: that of the C library, which ours stands before.
 * It is asked for once, and then kept in known. Returns: NULL when there is none. */
void *objects_behind(void **known, const char *name);

/* The C library's own dlopen: ours looks at what was opened. By a jump, as the loader tells by the return address who is
 * asking ($ORIGIN, RUNPATH). Returns: NULL when it opens nothing. */
void *objects_open(const char *file, int flags);

/* Waits until no other thread is in the middle of opening a library: the loader opens one at a time. */
void objects_wait(void);

#endif
