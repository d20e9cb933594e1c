/* Lines on standard error; see log.h. */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#define LOG_LINE_MAX 1024

static const char *log_name = "";
static enum log_level log_level = LOG_LEVEL_INFO;
static bool log_bare; /* a terminal: no priority in front */

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

void
log_line(enum log_level level, const char *format, ...)
{
	char line[LOG_LINE_MAX];
	int head, body;
	size_t len;
	va_list args;

	if (level > log_level)
		return;
	head = log_bare ? snprintf(line, sizeof(line), "%s: ", log_name)
	                : snprintf(line, sizeof(line), "<%d>%s: ", (int)level, log_name);
	if (head < 0 || (size_t)head >= sizeof(line) - 1)
		return;
	len = (size_t)head;
	va_start(args, format);
	body = vsnprintf(line + len, sizeof(line) - 1 - len, format, args);
	va_end(args);
	if (body < 0)
		return;
	len +=
	    (size_t)body < sizeof(line) - 1 - len ? (size_t)body : sizeof(line) - 2 - len;
	line[len++] = '\n';
	/* one write, so that lines of several processes do not mix */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}
