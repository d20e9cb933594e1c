/* See log.h. */
#include "base/log.h"

#include "base/plain.h"

#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#define LOG_LINE_MAX 1024

_Static_assert(LOG_LINE_MAX <= PIPE_BUF, "a writable pipe takes a whole line");

static const char *log_name = "";
static enum log_level log_level = LOG_LEVEL_INFO;
/* Standard error is a terminal: lines have no priority in front. */
static bool log_bare;
/* Lines that were lost since the last one that was written. */
static _Atomic unsigned long log_lost;

static void (*on_err_fn)(void *user, const char *text);
static void *on_err_user;

void
log_set_on_err(void (*on_err)(void *user, const char *text), void *user)
{
	on_err_fn = on_err;
	on_err_user = user;
}

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

/* One write for a line, so that lines of several processes do not mix. It must not block:
 * the reader may have stopped. O_NONBLOCK would hold for the others who share the pipe;
 * but a pipe that is writable has room for PIPE_BUF bytes, and a line is shorter. */
static bool
put(enum log_level level, const char *text)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
	char line[LOG_LINE_MAX];
	int len;

	if (poll(&p, 1, 0) <= 0)
		return false;
	len = log_bare ? snprintf(line, LOG_LINE_MAX - 1, "%s: %s", log_name, text)
	               : snprintf(line, LOG_LINE_MAX - 1, "<%d>%s: %s", (int)level,
	                          log_name, text);
	if (len < 0 || len > LOG_LINE_MAX - 2)
		len = LOG_LINE_MAX - 2;
	line[len] = '\n';
	(void)!write(STDERR_FILENO, line, (size_t)len + 1);
	return true;
}

void
log_line(enum log_level level, const char *format, ...)
{
	char text[LOG_LINE_MAX];
	unsigned long lost;
	va_list args;

	if (level > log_level)
		return;
	lost = atomic_exchange(&log_lost, 0);
	snprintf(text, sizeof(text), "%lu lines of log were lost: nobody read them",
	         lost);
	if (lost > 0 && !put(LOG_LEVEL_WARNING, text))
		log_lost += lost;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	plain_make(text);
	if (!put(level, text))
		log_lost++;
	if (level == LOG_LEVEL_ERR && on_err_fn)
		on_err_fn(on_err_user, text);
}
