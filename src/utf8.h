/*
 * utf8.h - characters in UTF-8, for what writes names that others have chosen: the library and its tools.
 */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>

/* Whether a byte goes on with a character that an earlier one began. */
static inline bool utf8_continues(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

/* Whether a second byte makes a character too long for what it says, a surrogate, or one beyond U+10FFFF. */
static inline bool utf8_second_is_bad(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second < 0xa0;
	case 0xed:
		return second >= 0xa0;
	case 0xf0:
		return second < 0x90;
	case 0xf4:
		return second >= 0x90;
	default:
		return false;
	}
}

/* The length of the character that starts here, in bytes; 0 when there is none. */
static inline unsigned utf8_bytes(const char *text)
{
	unsigned char first = (unsigned char)*text;
	unsigned length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	if ((first >= 0x80 && first < 0xc2) || first > 0xf4)
		return 0;
	for (unsigned i = 1; i < length; i++)
		if (!utf8_continues(text[i]))
			return 0;
	return length > 1 && utf8_second_is_bad(first, (unsigned char)text[1]) ? 0 : length;
}

#endif
