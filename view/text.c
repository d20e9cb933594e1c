/* See text.h. */
#include "view/text.h"

#include <stdarg.h>
#include <stdio.h>

void
text_put(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->out + t->len, t->cap - t->len, format, args);
	va_end(args);
	if (n > 0)
		t->len = (size_t)n < t->cap - t->len ? t->len + (size_t)n : t->cap - 1;
}
