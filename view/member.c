/* See member.h. */
#include "view/member.h"

#include "base/json.h"
#include "base/plain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
member_i64(const json_t *object, const char *key, int64_t *out)
{
	const json_t *node = json_object_get(object, key);

	if (!json_is_integer(node))
		return false;
	*out = json_integer_value(node);
	return true;
}

int64_t
member_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

const char *
member_string(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

const char *
member_text(const json_t *object, const char *key, char *out, size_t cap)
{
	const json_t *node = json_object_get(object, key);
	const char *s = member_string(object, key);

	if (json_is_integer(node))
		snprintf(out, cap, "%" PRId64, (int64_t)json_integer_value(node));
	else if (json_is_real(node))
		snprintf(out, cap, "%.3f", json_real_value(node));
	else
		snprintf(out, cap, "%s", *s ? s : "-");
	return out;
}

json_t *
member_copy(const json_t *object, const char *key)
{
	json_t *node = json_object_get(object, key);

	return node ? json_incref(node) : json_null();
}

static void
make_string_plain(json_t *string)
{
	char *copy = strdup(json_string_value(string));

	if (!copy)
		return;
	plain_make(copy);
	if (strcmp(copy, json_string_value(string)) != 0)
		json_string_set(string, copy);
	free(copy);
}

void
member_make_plain(json_t *node)
{
	const char *key;
	json_t *child;
	size_t i;

	if (json_is_string(node))
		make_string_plain(node);
	json_array_foreach (node, i, child)
		member_make_plain(child);
	json_object_foreach (node, key, child)
		member_make_plain(child);
}

json_t *
member_of_bytes(const char *text)
{
	size_t cap = 6 * strlen(text) + 3; /* each byte as \u00ff, and the quotes */
	json_t *node = json_string(text);
	struct buf_out out;
	void *escaped;

	if (node || !(escaped = malloc(cap)))
		return node;
	buf_out_init(&out, escaped, cap);
	json_put_string(&out, text);
	node = json_loadb(escaped, out.len, JSON_DECODE_ANY, NULL);
	free(escaped);
	return node;
}
