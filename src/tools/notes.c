/*
 * notes - goes through the notes of an ELF file.
 *
 * Holds:  nothing.
 * Always: a note that was taken lies within what it was taken from.
 */
#include "notes.h"

#include <elf.h>
#include <string.h>

/* Name and body are filled up to words of four bytes. */
static size_t filled(uint32_t bytes)
{
	return ((size_t)bytes + 3) & ~(size_t)3;
}

static void skip(struct notes *notes, size_t bytes)
{
	if (bytes > notes->bytes)
		bytes = notes->bytes;
	notes->at += bytes;
	notes->bytes -= bytes;
}

bool notes_next(struct notes *notes, struct note *note)
{
	Elf64_Nhdr head;

	if (notes->bytes < sizeof head)
		return false;
	memcpy(&head, notes->at, sizeof head);
	skip(notes, sizeof head);
	size_t name = filled(head.n_namesz);
	if (name > notes->bytes || head.n_descsz > notes->bytes - name)
		return false;
	*note = (struct note){
	        .type = head.n_type,
	        .name_bytes = head.n_namesz,
	        .name = notes->at,
	        .bytes = head.n_descsz,
	        .body = notes->at + name,
	};
	skip(notes, name);
	skip(notes, filled(head.n_descsz)); /* the last may end early */
	return true;
}
