/*
 * report - lines for people, written with nothing but write(2).
 *
 * Holds:  no memory of its own but the two switches set at boot.
 * Always: a line goes out in one write, so that lines of several threads do not mix.
 * Locks:  none; safe in a signal handler.
 */
#include "report.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool report_carry_on;
void (*report_backtrace)(void);

runs_at_start int report_hold_cancel(void)
{
	int state = PTHREAD_CANCEL_ENABLE;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	return state;
}

runs_at_start void report_release_cancel(int state)
{
	pthread_setcancelstate(state, NULL);
}

static void stream_write(struct report_stream *stream)
{
	size_t done = 0;

	while (done < stream->used && stream->error == 0) {
		ssize_t wrote = write(stream->fd, stream->buffer + done, stream->used - done);
		if (wrote >= 0)
			done += (size_t)wrote;
		else if (errno != EINTR)
			stream->error = errno;
	}
	stream->used = 0;
}

static bool pipe_is_pending(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

void report_alone(struct report_alone *alone)
{
	sigset_t pipe;

	alone->cancel = report_hold_cancel();
	alone->was_pending = pipe_is_pending();
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	alone->blocks = pthread_sigmask(SIG_BLOCK, &pipe, &alone->before) == 0;
}

void report_alone_end(const struct report_alone *alone)
{
	static const struct timespec now;
	sigset_t pipe;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	if (alone->blocks) {
		if (!alone->was_pending && pipe_is_pending())
			sigtimedwait(&pipe, NULL, &now);
		pthread_sigmask(SIG_SETMASK, &alone->before, NULL);
	}
	report_release_cancel(alone->cancel);
}

static void stream_drain(struct report_stream *stream)
{
	struct report_alone alone;

	report_alone(&alone);
	stream_write(stream);
	report_alone_end(&alone);
}

static void stream_put(struct report_stream *stream, char c)
{
	if (stream->used == stream->bytes) {
		if (stream->fd == REPORT_TEXT_ONLY)
			return;
		stream_drain(stream);
	}
	stream->buffer[stream->used++] = c;
}

static void stream_pad(struct report_stream *stream, size_t length, size_t width)
{
	for (; length < width; length++)
		stream_put(stream, ' ');
}

/* What others wrote does not begin a line of its own, nor speak to the terminal; but it may name a file. */
static char shown(const struct report_stream *stream, char c)
{
	bool control = (unsigned char)c < ' ' || c == '\x7f';

	return control && stream->fd != REPORT_TEXT_ONLY ? '?' : c;
}

/* What a format asks for: "%-12lu" has all of it. */
struct field {
	bool left;
	size_t width; /* in columns, at least */
	unsigned longs;
};

/* Returns: where the letter of the field is. */
static const char *field_parse(struct field *field, const char *format)
{
	*field = (struct field){.left = *format == '-'};
	format += field->left;
	for (; *format >= '0' && *format <= '9'; format++)
		field->width = field->width * 10 + (size_t)(*format - '0');
	for (; *format == 'l' || *format == 'z'; format++)
		field->longs++;
	return format;
}

static void stream_text(struct report_stream *stream, const char *text, size_t length,
                        const struct field *field)
{
	if (!field->left)
		stream_pad(stream, length, field->width);
	for (size_t i = 0; i < length; i++)
		stream_put(stream, shown(stream, text[i]));
	if (field->left)
		stream_pad(stream, length, field->width);
}

static void stream_number(struct report_stream *stream, uint64_t value, const char *sign,
                          unsigned base, const struct field *field)
{
	char digits[32];
	size_t at = sizeof digits;

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	for (size_t i = strlen(sign); i > 0; i--)
		digits[--at] = sign[i - 1];
	stream_text(stream, digits + at, sizeof digits - at, field);
}

static void stream_signed(struct report_stream *stream, int value, const struct field *field)
{
	uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;

	stream_number(stream, size, value < 0 ? "-" : "", 10, field);
}

static uint64_t argument_unsigned(va_list *arguments, unsigned longs)
{
	if (longs == 0)
		return va_arg(*arguments, unsigned);
	return longs == 1 ? va_arg(*arguments, unsigned long)
	                  : va_arg(*arguments, unsigned long long);
}

/* Takes the argument that a letter asks for. */
static void stream_argument(struct report_stream *stream, char letter, const struct field *field,
                            va_list *arguments)
{
	const char *text;

	switch (letter) {
	case 's':
		text = va_arg(*arguments, const char *);
		stream_text(stream, text, strlen(text), field);
		break;
	case 'c':
		stream_put(stream, (char)va_arg(*arguments, int));
		break;
	case 'd':
		stream_signed(stream, va_arg(*arguments, int), field);
		break;
	case 'u':
		stream_number(stream, argument_unsigned(arguments, field->longs), "", 10, field);
		break;
	case 'x':
		stream_number(stream, argument_unsigned(arguments, field->longs), "", 16, field);
		break;
	case 'p':
		stream_number(stream, (uintptr_t)va_arg(*arguments, void *), "0x", 16, field);
		break;
	default:
		stream_put(stream, letter);
	}
}

static void stream_vformat(struct report_stream *stream, const char *format, va_list *arguments)
{
	struct field field;

	for (; *format != '\0'; format++) {
		if (*format != '%') {
			stream_put(stream, *format);
			continue;
		}
		format = field_parse(&field, format + 1);
		if (*format == '\0')
			return;
		stream_argument(stream, *format, &field, arguments);
	}
}

void report_format(struct report_stream *stream, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	stream_vformat(stream, format, &arguments);
	va_end(arguments);
}

int report_flush(struct report_stream *stream)
{
	stream_drain(stream);
	return stream->error;
}

void report_text(char *text, size_t bytes, const char *format, ...)
{
	struct report_stream stream = {.fd = REPORT_TEXT_ONLY, .bytes = bytes - 1, .buffer = text};
	va_list arguments;

	va_start(arguments, format);
	stream_vformat(&stream, format, &arguments);
	va_end(arguments);
	text[stream.used] = '\0';
}

static void report_line(const char *prefix, const char *format, va_list *arguments)
{
	struct report_stream stream = REPORT_STREAM(STDERR_FILENO);
	int saved = errno;

	report_format(&stream, "%s", prefix);
	stream_vformat(&stream, format, arguments);
	stream_put(&stream, '\n');
	report_flush(&stream);
	errno = saved;
}

void report_warning(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report_line("halloc: warning: ", format, &arguments);
	va_end(arguments);
}

static void crime(const char *format, va_list *arguments)
{
	report_line("halloc: ", format, arguments);
	if (report_backtrace != NULL)
		report_backtrace();
}

void report_crime(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	crime(format, &arguments);
	va_end(arguments);
}

void report_end(void)
{
	if (!report_carry_on)
		abort();
}

void report_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	crime(format, &arguments);
	va_end(arguments);
	report_end();
}

void report_bug(const char *claim, const char *file, int line)
{
	report_carry_on = false;
	report_error("bug in halloc: %s does not hold at %s:%d", claim, file, line);
	abort();
}
