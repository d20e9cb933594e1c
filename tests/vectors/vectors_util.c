/* What the drivers of the vectors share; see vectors.h. */
#include "tests/vectors/vectors.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *
vector_text(const json_t *row, const char *name)
{
	return json_string_value(json_object_get(row, name));
}

bool
vector_i64(const json_t *row, const char *name, int64_t *out)
{
	const char *text = vector_text(row, name);
	char *end;
	long long v;

	if (!text || !*text)
		return false;
	errno = 0;
	v = strtoll(text, &end, 10);
	if (*end || errno != 0)
		return false;
	*out = v;
	return true;
}

static int
digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

bool
vector_bytes(const char *hex, unsigned char *out, size_t cap, size_t *len)
{
	size_t count = hex ? strlen(hex) : 1;

	if (count % 2 != 0 || count / 2 > cap)
		return false;
	for (size_t i = 0; i < count / 2; i++) {
		int high = digit(hex[2 * i]);
		int low = digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (unsigned char)(high << 4 | low);
	}
	*len = count / 2;
	return true;
}

bool
vector_say(char *why, size_t cap, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, cap, format, args);
	va_end(args);
	return false;
}
