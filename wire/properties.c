/* Java's properties syntax; see properties.h. */
#include "wire/properties.h"

#include <stdbool.h>
#include <stdint.h>

void
properties_init(struct properties *p, const char *text, size_t len)
{
	*p = (struct properties){.text = text, .len = len};
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\f';
}

static bool
is_newline(char c)
{
	return c == '\n' || c == '\r';
}

static void
skip_blanks(struct properties *p)
{
	while (p->pos < p->len && is_blank(p->text[p->pos]))
		p->pos++;
}

static void
skip_newline(struct properties *p)
{
	if (p->pos < p->len && p->text[p->pos] == '\r' && p->pos + 1 < p->len &&
	    p->text[p->pos + 1] == '\n')
		p->pos++;
	p->pos++;
}

/* To the first character of the next entry; false at the end. */
static bool
find_entry(struct properties *p)
{
	while (p->pos < p->len) {
		char c = p->text[p->pos];

		if (is_blank(c) || is_newline(c)) {
			p->pos++;
		} else if (c == '#' || c == '!') {
			while (p->pos < p->len && !is_newline(p->text[p->pos]))
				p->pos++;
		} else {
			return true;
		}
	}
	return false;
}

static bool
put(struct property *out, size_t *used, unsigned c)
{
	if (*used >= sizeof(out->bytes))
		return false;
	out->bytes[(*used)++] = (char)c;
	return true;
}

static bool
put_utf8(struct property *out, size_t *used, unsigned c)
{
	if (c < 0x80)
		return put(out, used, c);
	if (c < 0x800)
		return put(out, used, 0xc0 | c >> 6) && put(out, used, 0x80 | (c & 0x3f));
	return put(out, used, 0xe0 | c >> 12) && put(out, used, 0x80 | (c >> 6 & 0x3f)) &&
	       put(out, used, 0x80 | (c & 0x3f));
}

/* Behind `\u`: four hex digits. */
static bool
get_unicode(struct properties *p, unsigned *out)
{
	unsigned value = 0;

	if (p->len - p->pos < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		char c = p->text[p->pos++];

		value <<= 4;
		if (c >= '0' && c <= '9')
			value |= (unsigned)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			value |= (unsigned)((c | 32) - 'a' + 10);
		else
			return false;
	}
	*out = value;
	return true;
}

/* Behind a backslash. A line end there continues the line. */
static enum properties_result
get_escape(struct properties *p, struct property *out, size_t *used)
{
	unsigned value;
	char c;

	if (p->pos == p->len)
		return PROPERTIES_OK;
	c = p->text[p->pos];
	if (is_newline(c)) {
		skip_newline(p);
		skip_blanks(p);
		return PROPERTIES_OK;
	}
	p->pos++;
	if (c == 'u') {
		if (!get_unicode(p, &value))
			return PROPERTIES_ESCAPE;
		return put_utf8(out, used, value) ? PROPERTIES_OK : PROPERTIES_LONG;
	}
	value = (unsigned char)(c == 't'   ? '\t'
	                        : c == 'n' ? '\n'
	                        : c == 'r' ? '\r'
	                        : c == 'f' ? '\f'
	                                   : c);
	return put(out, used, value) ? PROPERTIES_OK : PROPERTIES_LONG;
}

/* A line end that a backslash hides is skipped wherever it stands. */
static bool
skip_continuation(struct properties *p)
{
	if (p->len - p->pos < 2 || p->text[p->pos] != '\\' ||
	    !is_newline(p->text[p->pos + 1]))
		return false;
	p->pos++;
	skip_newline(p);
	skip_blanks(p);
	return true;
}

/* Copies up to the end of the line or, in a key, to its separator. */
static enum properties_result
get_part(struct properties *p, struct property *out, size_t *used, bool key)
{
	while (p->pos < p->len) {
		char c = p->text[p->pos];
		enum properties_result r = PROPERTIES_OK;

		if (is_newline(c) || (key && (c == '=' || c == ':' || is_blank(c))))
			break;
		p->pos++;
		if (c == '\\')
			r = get_escape(p, out, used);
		else if (!put(out, used, (unsigned char)c))
			r = PROPERTIES_LONG;
		if (r != PROPERTIES_OK)
			return r;
	}
	return PROPERTIES_OK;
}

static void
skip_separator(struct properties *p)
{
	bool seen = false;

	while (p->pos < p->len) {
		char c = p->text[p->pos];

		if ((c == '=' || c == ':') && !seen)
			seen = true;
		else if (!is_blank(c)) {
			if (!skip_continuation(p))
				return;
			continue;
		}
		p->pos++;
	}
}

enum properties_result
properties_next(struct properties *p, struct property *out)
{
	enum properties_result r;
	size_t used = 0;

	if (!find_entry(p))
		return PROPERTIES_END;
	r = get_part(p, out, &used, true);
	if (r != PROPERTIES_OK)
		return r;
	out->key = out->bytes;
	out->key_len = used;
	skip_separator(p);
	r = get_part(p, out, &used, false);
	if (r != PROPERTIES_OK)
		return r;
	out->value = out->bytes + out->key_len;
	out->value_len = used - out->key_len;
	return PROPERTIES_OK;
}
