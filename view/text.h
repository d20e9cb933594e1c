/* A text that grows; what has no room is cut. */
#ifndef VIEW_TEXT_H
#define VIEW_TEXT_H

#include <stddef.h>

struct text {
	/* borrowed; `cap` bytes, NUL-terminated behind `len` */
	char *out;
	size_t len, cap;
};

void text_put(struct text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
