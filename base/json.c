/* See json.h. */
#include "base/json.h"

#include <inttypes.h>
#include <string.h>

size_t
json_utf8_len(const unsigned char *s, size_t len)
{
	unsigned char lo = 0x80, hi = 0xbf;
	size_t want, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	want = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (len < want)
		return 0;
	if (s[0] == 0xe0)
		lo = 0xa0;
	else if (s[0] == 0xed)
		hi = 0x9f;
	else if (s[0] == 0xf0)
		lo = 0x90;
	else if (s[0] == 0xf4)
		hi = 0x8f;
	if (s[1] < lo || s[1] > hi)
		return 0;
	for (i = 2; i < want; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return want;
}

void
json_put_string(struct buf_out *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t left = strlen(text), n;

	buf_put_u8(out, '"');
	for (; left > 0; s += n, left -= n) {
		n = json_utf8_len(s, left);
		if (*s == '"' || *s == '\\')
			buf_put_text(out, "\\%c", *s);
		else if (n == 0 || *s < 0x20 || *s == 0x7f)
			buf_put_text(out, "\\u%04x", *s);
		else
			buf_put_bytes(out, s, n);
		n += n == 0;
	}
	buf_put_u8(out, '"');
}

void
json_put_next(struct buf_out *out)
{
	unsigned char last = out->len > 0 ? out->data[out->len - 1] : '{';

	if (last != '{' && last != '[')
		buf_put_u8(out, ',');
}

void
json_put_key(struct buf_out *out, const char *key)
{
	json_put_next(out);
	buf_put_text(out, "\"%s\":", key);
}

void
json_put_text(struct buf_out *out, const char *key, const char *text)
{
	json_put_key(out, key);
	json_put_string(out, text);
}

void
json_put_u64(struct buf_out *out, const char *key, uint64_t value)
{
	json_put_key(out, key);
	buf_put_text(out, "%" PRIu64, value);
}

void
json_put_i64(struct buf_out *out, const char *key, int64_t value)
{
	json_put_key(out, key);
	buf_put_text(out, "%" PRId64, value);
}

void
json_put_bool(struct buf_out *out, const char *key, bool value)
{
	json_put_key(out, key);
	buf_put_text(out, "%s", value ? "true" : "false");
}

void
json_put_counts(struct buf_out *out, const char *key, const struct json_count *list,
                size_t count)
{
	json_put_key(out, key);
	buf_put_u8(out, '{');
	for (size_t i = 0; i < count; i++)
		json_put_u64(out, list[i].name, list[i].value);
	buf_put_u8(out, '}');
}

size_t
json_error(const char *what, void *text, size_t cap)
{
	struct buf_out out;

	buf_out_init(&out, text, cap);
	buf_put_u8(&out, '{');
	json_put_text(&out, "error", what);
	buf_put_u8(&out, '}');
	return out.bad ? 0 : out.len;
}
