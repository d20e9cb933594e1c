/* See elector_read.h. */
#include "tests/vectors/elector_read.h"

#include "wire/notif.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
elector_read_number(const char *text, int64_t *out)
{
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

bool
elector_read_i64(const json_t *item, int64_t *out)
{
	return elector_read_number(json_string_value(item), out);
}

bool
elector_read_member(const json_t *row, const char *name, int64_t *out)
{
	return elector_read_i64(json_object_get(row, name), out);
}

bool
elector_read_i64s(const json_t *list, int64_t *out, unsigned cap, unsigned *count)
{
	size_t at;
	const json_t *item;

	if (!json_is_array(list))
		return false;
	*count = 0;
	json_array_foreach (list, at, item) {
		if (*count == cap || !elector_read_i64(item, &out[*count]))
			return false;
		(*count)++;
	}
	return true;
}

bool
elector_read_state(const json_t *item, int32_t *out)
{
	const char *name = json_string_value(item);

	for (int32_t s = NOTIF_LOOKING; name && s <= NOTIF_OBSERVING; s++) {
		if (strcmp(name, notif_state_name(s)) == 0) {
			*out = s;
			return true;
		}
	}
	return false;
}

bool
elector_read_vote(const json_t *object, struct vote *out)
{
	const json_t *version = json_object_get(object, "ver");

	if (!json_is_number(version))
		return false;
	out->version = (int32_t)json_number_value(version);
	return elector_read_member(object, "leader", &out->leader) &&
	       elector_read_member(object, "zxid", &out->zxid) &&
	       elector_read_member(object, "round", &out->round) &&
	       elector_read_member(object, "epoch", &out->epoch) &&
	       elector_read_state(json_object_get(object, "state"), &out->state);
}

bool
elector_read_text_config(const char *text, struct qconfig *out)
{
	return text && qconfig_parse(text, strlen(text), false, out) == QCONFIG_OK;
}

long
elector_read_hex(const char *hex, unsigned char *out, size_t cap)
{
	size_t len = strlen(hex) / 2;

	if (len > cap || strlen(hex) % 2 != 0)
		return -1;
	for (size_t i = 0; i < len; i++) {
		char two[3] = {hex[2 * i], hex[2 * i + 1]};
		char *end;

		out[i] = (unsigned char)strtoul(two, &end, 16);
		if (end != two + 2)
			return -1;
	}
	return (long)len;
}

bool
elector_say(char *why, size_t cap, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, cap, format, args);
	va_end(args);
	return false;
}
