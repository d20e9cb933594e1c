/* See answer.h. */
#include "lib/answer.h"

#include <string.h>

#define DEPTH_MAX 32
#define SPACES    " \t\r\n"

static const char *
skip_spaces(const char *at)
{
	return at + strspn(at, SPACES);
}

/* Behind the string that begins at `at`, or NULL. */
static const char *
skip_string(const char *at)
{
	if (*at++ != '"')
		return NULL;
	for (; *at != '"'; at++) {
		if ((unsigned char)*at < ' ')
			return NULL;
		if (*at == '\\' && !*++at)
			return NULL;
	}
	return at + 1;
}

/* Behind a number, true, false or null, or NULL. */
static const char *
skip_plain(const char *at)
{
	size_t len = strcspn(at, ",]}" SPACES);

	return len > 0 && !memchr(at, '"', len) && !memchr(at, ':', len) ? at + len
	                                                                 : NULL;
}

/* Behind the value that begins at `at`, or NULL. Within arrays and objects brackets must
 * match; no more is asked of what nobody wants. */
static const char *
skip_value(const char *at)
{
	char open[DEPTH_MAX];
	unsigned depth = 0;

	do {
		at = skip_spaces(at);
		if (*at == '"') {
			at = skip_string(at);
		} else if (*at == '{' || *at == '[') {
			if (depth == DEPTH_MAX)
				return NULL;
			open[depth++] = *at++ == '{' ? '}' : ']';
		} else if (*at == '}' || *at == ']') {
			if (depth == 0 || open[--depth] != *at++)
				return NULL;
		} else if (depth > 0 && (*at == ',' || *at == ':')) {
			at++;
		} else {
			at = skip_plain(at);
		}
	} while (at && depth > 0);
	return at;
}

/* The value of the member, or NULL. The whole text is looked at: half an answer is none.
 */
static const char *
find(const char *text, const char *key, size_t *len)
{
	const char *at = skip_spaces(text), *found = NULL;
	size_t key_len = strlen(key);

	if (*at != '{')
		return NULL;
	at = skip_spaces(at + 1);
	while (*at != '}') {
		const char *name = at, *value;

		at = skip_string(at);
		if (!at)
			return NULL;
		value = skip_spaces(at);
		if (*value++ != ':')
			return NULL;
		value = skip_spaces(value);
		if ((size_t)(at - name) == key_len + 2 &&
		    memcmp(name + 1, key, key_len) == 0)
			found = value;
		at = skip_value(value);
		if (!at)
			return NULL;
		if (found == value)
			*len = (size_t)(at - value);
		at = skip_spaces(at);
		if (*at == ',')
			at = skip_spaces(at + 1);
		else if (*at != '}')
			return NULL;
	}
	return *skip_spaces(at + 1) ? NULL : found;
}

bool
answer_has(const char *text, const char *key)
{
	size_t len;

	return find(text, key, &len) != NULL;
}

bool
answer_i64(const char *text, const char *key, int64_t *out)
{
	size_t len;
	const char *at = find(text, key, &len), *end;
	bool negative = at && *at == '-';
	int64_t value = 0;

	if (!at)
		return false;
	end = at + len;
	at += negative;
	if (at == end)
		return false;
	for (; at < end; at++) {
		if (*at < '0' || *at > '9' || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_sub_overflow(value, *at - '0', &value))
			return false;
	}
	/* below zero there is one more */
	if (!negative && __builtin_sub_overflow(0, value, &value))
		return false;
	*out = value;
	return true;
}

bool
answer_bool(const char *text, const char *key, bool *out)
{
	size_t len;
	const char *at = find(text, key, &len);

	if (at && len == 4 && memcmp(at, "true", 4) == 0)
		*out = true;
	else if (at && len == 5 && memcmp(at, "false", 5) == 0)
		*out = false;
	else
		return false;
	return true;
}

bool
answer_text(const char *text, const char *key, char *out, size_t cap)
{
	size_t len;
	const char *at = find(text, key, &len);

	if (!at || *at != '"' || len - 2 >= cap || memchr(at, '\\', len))
		return false;
	memcpy(out, at + 1, len - 2);
	out[len - 2] = '\0';
	return true;
}

bool
answer_hex(const char *text, const char *key, uint64_t *out)
{
	static const char digits[] = "0123456789abcdef";
	char word[17];
	uint64_t value = 0;

	if (!answer_text(text, key, word, sizeof(word)) || !*word)
		return false;
	for (const char *at = word; *at; at++) {
		const char *digit = strchr(digits, *at);

		if (!digit)
			return false;
		value = value << 4 | (uint64_t)(digit - digits);
	}
	*out = value;
	return true;
}
