/*
 * options - one table, parsed once, then frozen.
 *
 * Holds:  the values of all options.
 * Always: after options_boot nothing here changes.
 * Locks:  none.
 */
#include "options.h"
#include "report.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <sys/auxv.h>
#include <unistd.h>

#define PREFIX       "HALLOC_"
#define PREFIX_BYTES (sizeof PREFIX - 1)

struct options options = {
#define X(name, initial, ...) .name = initial,
        OPTIONS_NUMBERS(X) OPTIONS_WORDS(X)
#undef X
};

static bool parse_number(const char *text, uint64_t smallest, uint64_t largest, uint64_t *number)
{
	uint64_t value = 0;

	if (*text == '\0')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (value > largest)
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
	}
	if (*text != '\0' || value < smallest || value > largest)
		return false;
	*number = value;
	return true;
}

static bool parse_word(const char *text, const char *words, uint64_t *number)
{
	size_t length = strlen(text);

	for (uint64_t i = 0; *words != '\0'; i++) {
		size_t word = (size_t)(strchrnul(words, ' ') - words);
		if (word == length && strncmp(words, text, word) == 0) {
			*number = i;
			return true;
		}
		words += word + (words[word] == ' ');
	}
	return false;
}

static bool parse_text(const char *text, char *place, size_t bytes)
{
	size_t length = strlen(text);

	if (length >= bytes)
		return false;
	memcpy(place, text, length + 1);
	return true;
}

static void option_refuse(const char *name, const char *value, const char *allowed)
{
	report_warning(PREFIX "%s: \"%s\" is not %s; keeping the default", name, value, allowed);
}

runs_seldom static void option_set(const char *name, const char *value)
{
#define X(option, initial, smallest, largest, help)                                             \
	if (strcasecmp(name, #option) == 0) {                                                   \
		if (!parse_number(value, smallest, largest, &options.option))                   \
			option_refuse(name, value, "a number from " #smallest " to " #largest); \
		return;                                                                         \
	}
	OPTIONS_NUMBERS(X)
#undef X
#define X(option, initial, words, help)                               \
	if (strcasecmp(name, #option) == 0) {                         \
		if (!parse_word(value, words, &options.option))       \
			option_refuse(name, value, "one of: " words); \
		return;                                               \
	}
	OPTIONS_WORDS(X)
#undef X
#define X(option, help)                                                        \
	if (strcasecmp(name, #option) == 0) {                                  \
		if (!parse_text(value, options.option, sizeof options.option)) \
			option_refuse(name, value, "short enough");            \
		return;                                                        \
	}
	OPTIONS_TEXTS(X)
#undef X
	/* HALLOC_LIB tells scripts/halloc where the library is. */
	if (strcasecmp(name, "lib") != 0)
		report_warning(PREFIX "%s is not an option; ignored", name);
}

void options_boot(void)
{
	if (getauxval(AT_SECURE) != 0)
		return;
	for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
		char name[64];
		/* Not strcspn: it, and its tables, lie far from all that a program's start touches of libc. */
		const char *end = strchr(*entry, '=');
		if (strncmp(*entry, PREFIX, PREFIX_BYTES) != 0 || end == NULL)
			continue;
		const char *value = end + 1;
		size_t length = (size_t)(end - *entry) - PREFIX_BYTES;
		if (length >= sizeof name)
			length = sizeof name - 1; /* longer than any of ours */
		memcpy(name, *entry + PREFIX_BYTES, length);
		name[length] = '\0';
		option_set(name, value);
	}
}
