/* Java's properties syntax; see properties.h. Lines are read as in
 * Properties.LineReader; the table is walked like the ConcurrentHashMap inside
 * java.util.Properties (Java 9 and later). Where Java has 64 buckets and 8 keys in one of
 * them it turns that bucket into a tree; we do not. */
#include "wire/properties.h"

#include "wire/qaddr.h"

#include <stdbool.h>
#include <string.h>

#define TABLE_MIN 16  /* as in Properties */
#define TABLE_MAX 512 /* PROPERTIES_MAX entries fill less than three quarters of it */
#define NOBODY    (-1)

struct reader {
	const char *text;
	size_t len;
	size_t pos;
};

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
skip_comment(struct reader *in)
{
	while (in->pos < in->len && !is_newline(in->text[in->pos]))
		in->pos++;
}

/* One logical line, with its escapes; false at the end of the text. As in Java, a line is
 * empty only where a backslash alone ends the text. */
static bool
read_line(struct reader *in, char *line, size_t *len)
{
	bool skipping = true;
	bool continued = false;
	bool escaped = false; /* after an odd number of backslashes */

	*len = 0;
	while (in->pos < in->len) {
		char c = in->text[in->pos++];

		if (skipping && (is_blank(c) || (is_newline(c) && !continued)))
			continue;
		skipping = continued = false;
		if (*len == 0 && (c == '#' || c == '!')) {
			skip_comment(in);
			skipping = true;
		} else if (!is_newline(c)) {
			line[(*len)++] = c;
			escaped = c == '\\' && !escaped;
		} else if (*len == 0) {
			skipping = true;
		} else if (!escaped) {
			return true;
		} else {
			(*len)--;
			if (in->pos == in->len)
				return true;
			skipping = continued = true;
			escaped = false;
			if (c == '\r' && in->text[in->pos] == '\n')
				in->pos++;
		}
	}
	if (*len == 0)
		return false;
	if (escaped)
		(*len)--;
	return true;
}

/* The four digits behind `\u` as UTF-8; 0 where they are no digits, or mean the NUL. */
static size_t
decode_unicode(const char *digits, size_t left, char *out)
{
	int64_t c;

	if (left < 4 ||
	    !qaddr_unsigned((struct qaddr_text){digits, 4}, 16, UINT16_MAX, &c))
		return 0;
	if (c < 0x80) {
		out[0] = (char)c;
		return c != 0;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | c >> 12);
	out[1] = (char)(0x80 | (c >> 6 & 0x3f));
	out[2] = (char)(0x80 | (c & 0x3f));
	return 3;
}

static char
unescape(char c)
{
	static const char letters[] = "tnrf", meant[] = "\t\n\r\f";
	const char *at = memchr(letters, c, sizeof(letters) - 1);

	return at ? meant[at - letters] : c;
}

/* Replaces the escapes in place, since none is shorter than what it means. */
static bool
decode(char *text, size_t *len)
{
	size_t used = 0;

	for (size_t i = 0; i < *len; i++) {
		char c = text[i];

		if (c == '\0')
			return false;
		if (c == '\\' && i + 1 < *len) {
			c = text[++i];
			if (c == 'u') {
				size_t n = decode_unicode(&text[i + 1], *len - i - 1,
				                          &text[used]);

				if (n == 0)
					return false;
				used += n;
				i += 4;
				continue;
			}
			c = unescape(c);
		}
		text[used++] = c;
	}
	*len = used;
	return true;
}

/* The key ends at the first `=`, `:` or blank without a backslash before it. The value
 * starts behind the blanks, among which there may be one `=` or `:`. */
static void
split_line(const char *line, size_t len, size_t *key_len, size_t *value_at)
{
	bool escaped = false;
	bool separated = false;
	size_t i;

	for (i = 0; i < len; i++) {
		char c = line[i];

		if (!escaped && (c == '=' || c == ':' || is_blank(c)))
			break;
		escaped = c == '\\' && !escaped;
	}
	*key_len = i;
	for (; i < len; i++) {
		if (is_blank(line[i]))
			continue;
		if (separated || (line[i] != '=' && line[i] != ':'))
			break;
		separated = true;
	}
	*value_at = i;
}

/* String.hashCode, spread as in the table. It is computed from bytes, which is Java's
 * hash for ASCII only; all keys that are accepted are ASCII. */
static uint32_t
hash_key(const char *key, size_t len)
{
	uint32_t h = 0;

	for (size_t i = 0; i < len; i++)
		h = 31 * h + (unsigned char)key[i];
	return (h ^ h >> 16) & INT32_MAX;
}

static enum properties_result
add_entry(struct properties *p, const struct property *entry)
{
	unsigned i;

	for (i = 0; i < p->count; i++) {
		const struct property *have = &p->list[i];

		if (have->key_len == entry->key_len &&
		    memcmp(have->key, entry->key, entry->key_len) == 0)
			break;
	}
	if (i == PROPERTIES_MAX)
		return PROPERTIES_TOO_MANY;
	if (i == p->count)
		p->count++;
	p->list[i] = *entry;
	return PROPERTIES_OK;
}

/* A table of chains: the first entry of each bucket, and the next entry of each entry. */
struct table {
	unsigned size;
	int16_t first[TABLE_MAX];
	int16_t next[PROPERTIES_MAX];
};

/* ConcurrentHashMap.transfer: when the table grows, a chain becomes two. The longest tail
 * that stays together keeps its order; the entries before it are put in front of the two
 * chains one by one. */
static void
split_chain(const struct properties *p, struct table *t, unsigned bucket)
{
	int16_t tail = t->first[bucket];
	int16_t to[2] = {NOBODY, NOBODY};
	int16_t at, after;

	if (tail == NOBODY)
		return;
	for (at = tail; at != NOBODY; at = t->next[at])
		if ((p->list[at].hash & t->size) != (p->list[tail].hash & t->size))
			tail = at;
	to[(p->list[tail].hash & t->size) != 0] = tail;
	for (at = t->first[bucket]; at != tail; at = after) {
		int16_t *front = &to[(p->list[at].hash & t->size) != 0];

		after = t->next[at];
		t->next[at] = *front;
		*front = at;
	}
	t->first[bucket] = to[0];
	t->first[bucket + t->size] = to[1];
}

static void
append(const struct properties *p, struct table *t, int16_t entry)
{
	int16_t *end = &t->first[p->list[entry].hash & (t->size - 1)];

	while (*end != NOBODY)
		end = &t->next[*end];
	*end = entry;
	t->next[entry] = NOBODY;
}

static void
put_in_order(struct properties *p)
{
	struct table t = {.size = TABLE_MIN};
	unsigned count = 0;

	for (unsigned i = 0; i < TABLE_MAX; i++)
		t.first[i] = NOBODY;
	for (unsigned i = 0; i < p->count; i++) {
		append(p, &t, (int16_t)i);
		if (i + 1 < t.size / 4 * 3)
			continue;
		for (unsigned bucket = 0; bucket < t.size; bucket++)
			split_chain(p, &t, bucket);
		t.size *= 2;
	}
	for (unsigned bucket = 0; bucket < t.size; bucket++)
		for (int16_t at = t.first[bucket]; at != NOBODY; at = t.next[at])
			p->order[count++] = (uint16_t)at;
}

enum properties_result
properties_load(const char *text, size_t len, struct properties *out)
{
	struct reader in = {.text = text, .len = len};
	size_t used = 0, line_len, value_at;
	enum properties_result r;

	out->count = 0;
	if (len > PROPERTIES_TEXT_MAX)
		return PROPERTIES_TOO_MANY;
	while (read_line(&in, &out->bytes[used], &line_len)) {
		char *line = &out->bytes[used];
		struct property entry = {.key = line};

		split_line(line, line_len, &entry.key_len, &value_at);
		entry.value = line + value_at;
		entry.value_len = line_len - value_at;
		if (!decode(line, &entry.key_len) ||
		    !decode(line + value_at, &entry.value_len))
			return PROPERTIES_ESCAPE;
		entry.hash = hash_key(entry.key, entry.key_len);
		r = add_entry(out, &entry);
		if (r != PROPERTIES_OK)
			return r;
		used += line_len;
	}
	put_in_order(out);
	return PROPERTIES_OK;
}
