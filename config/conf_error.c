/* The form of all error messages; see conf_error.h. */
#include "config/conf_error.h"

#include "base/plain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FILE_SHOWN_MAX 300

int
conf_fail(struct conf_error *error, struct conf_place at, const char *format, ...)
{
	char *out = error->text;
	size_t cap = sizeof(error->text), len, file_len = strlen(at.file);
	size_t hidden = file_len > FILE_SHOWN_MAX ? file_len - FILE_SHOWN_MAX : 0;
	va_list args;

	snprintf(out, cap, at.line > 0 ? "%s%s:%u: " : "%s%s: ", hidden ? "..." : "",
	         at.file + hidden, at.line);
	len = strlen(out);
	va_start(args, format);
	vsnprintf(out + len, cap - len, format, args);
	va_end(args);
	plain_make(out);
	return 1;
}
