/* JSON whose integers keep every digit: before parsing, each long integer becomes a
 * string with a mark; after it, each marked string becomes a raw node. */
#include "ctl/exact.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK      '\x01'
#define MARK_TEXT "\"\\u0001"

static size_t
number_len(const char *text)
{
	return strspn(text, "+-.0123456789eE");
}

static bool
is_integer(const char *text, size_t len)
{
	size_t sign = len > 0 && text[0] == '-';

	if (len == sign || strspn(text + sign, "0123456789") < len - sign)
		return false;
	return text[sign] != '0' || len - sign == 1; /* JSON has no leading zeros */
}

/* Each number at most doubles (`"`, six bytes of mark, `"`, for sixteen digits). */
static char *
mark_long_integers(const char *text)
{
	char *out = malloc(strlen(text) * 2 + 1);
	size_t n = 0;
	bool in_string = false;

	if (!out)
		return NULL;
	while (*text) {
		size_t len = in_string ? 0 : number_len(text);

		if (len > EXACT_DIGITS && is_integer(text, len)) {
			n += (size_t)sprintf(out + n, MARK_TEXT "%.*s\"", (int)len, text);
			text += len;
			continue;
		}
		if (len == 0) {
			len = in_string && text[0] == '\\' && text[1] ? 2 : 1;
			if (text[0] == '"')
				in_string = !in_string;
		}
		memcpy(out + n, text, len);
		n += len;
		text += len;
	}
	out[n] = 0;
	return out;
}

static void
unmark(cJSON *node)
{
	for (; node; node = node->next) {
		if (node->child)
			unmark(node->child);
		if (!cJSON_IsString(node) || node->valuestring[0] != MARK)
			continue;
		if (!is_integer(node->valuestring + 1, strlen(node->valuestring + 1)))
			continue;
		memmove(node->valuestring, node->valuestring + 1,
		        strlen(node->valuestring));
		node->type = cJSON_Raw;
	}
}

cJSON *
exact_parse(const char *text)
{
	char *marked = mark_long_integers(text);
	cJSON *root;

	if (!marked)
		return NULL;
	root = cJSON_ParseWithOpts(marked, NULL, true);
	free(marked);
	if (root)
		unmark(root);
	return root;
}

bool
exact_i64(const cJSON *node, int64_t *out)
{
	if (cJSON_IsRaw(node)) {
		char *end;
		long long v;

		errno = 0;
		v = strtoll(node->valuestring, &end, 10);
		if (errno || *end || end == node->valuestring)
			return false;
		*out = v;
		return true;
	}
	if (!cJSON_IsNumber(node) ||
	    !(node->valuedouble >= -1e15 && node->valuedouble <= 1e15))
		return false;
	if (node->valuedouble != (double)(int64_t)node->valuedouble)
		return false;
	*out = (int64_t)node->valuedouble;
	return true;
}

cJSON *
exact_create(int64_t value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRId64, value);
	return cJSON_CreateRaw(digits);
}

void
exact_set(cJSON *object, const char *key, int64_t value)
{
	cJSON_DeleteItemFromObjectCaseSensitive(object, key);
	cJSON_AddItemToObject(object, key, exact_create(value));
}

const char *
exact_text(const cJSON *object, const char *key, char *out, size_t cap)
{
	const cJSON *node = cJSON_GetObjectItemCaseSensitive(object, key);
	int64_t v;

	if (exact_i64(node, &v))
		snprintf(out, cap, "%" PRId64, v);
	else if (cJSON_IsRaw(node)) /* beyond int64 */
		snprintf(out, cap, "%s", node->valuestring);
	else if (cJSON_IsString(node) && node->valuestring[0])
		snprintf(out, cap, "%s", node->valuestring);
	else
		snprintf(out, cap, "-");
	return out;
}

const char *
exact_string(const cJSON *object, const char *key)
{
	const char *s =
	    cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

	return s ? s : "";
}
