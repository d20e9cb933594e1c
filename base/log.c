/* Lines on standard error; see log.h. */
#include "base/log.h"

#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#define LOG_LINE_MAX 1024

_Static_assert(LOG_LINE_MAX <= PIPE_BUF, "what a writable pipe takes whole");

static const char *log_name = "";
static enum log_level log_level = LOG_LEVEL_INFO;
static bool log_bare;                  /* a terminal: no priority in front */
static _Atomic unsigned long log_lost; /* lines, since the last one that got out */

void
log_init(const char *name, enum log_level level)
{
	log_name = name;
	log_level = level;
	log_bare = isatty(STDERR_FILENO) == 1;
}

void
log_set_level(enum log_level level)
{
	log_level = level;
}

enum log_level
log_get_level(void)
{
	return log_level;
}

/* Composes a line; its length, with the line break. */
static size_t
compose(char line[LOG_LINE_MAX], enum log_level level, const char *format, va_list args)
{
	size_t room = LOG_LINE_MAX - 1, len;
	int n;

	n = log_bare ? snprintf(line, room, "%s: ", log_name)
	             : snprintf(line, room, "<%d>%s: ", (int)level, log_name);
	if (n < 0 || (size_t)n >= room)
		return 0;
	len = (size_t)n;
	n = vsnprintf(line + len, room - len, format, args);
	if (n < 0)
		return 0;
	len += (size_t)n < room - len ? (size_t)n : room - len - 1;
	line[len++] = '\n';
	return len;
}

/* One write, so that lines of several processes do not mix. It must not block: whoever
 * reads us may have stopped. O_NONBLOCK would be theirs too who share the pipe; but one
 * that is writable has room for PIPE_BUF bytes, and a line is less. */
static bool
put(enum log_level level, const char *format, va_list args)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
	char line[LOG_LINE_MAX];
	size_t len;

	if (poll(&p, 1, 0) <= 0)
		return false;
	len = compose(line, level, format, args);
	(void)!write(STDERR_FILENO, line, len);
	return true;
}

static bool __attribute__((format(printf, 2, 3)))
say(enum log_level level, const char *format, ...)
{
	va_list args;
	bool r;

	va_start(args, format);
	r = put(level, format, args);
	va_end(args);
	return r;
}

void
log_line(enum log_level level, const char *format, ...)
{
	unsigned long lost;
	va_list args;

	if (level > log_level)
		return;
	lost = atomic_exchange(&log_lost, 0);
	if (lost > 0 && !say(LOG_LEVEL_WARNING, "%lu lines lost: nobody read them", lost))
		log_lost += lost;
	va_start(args, format);
	if (!put(level, format, args))
		log_lost++;
	va_end(args);
}
