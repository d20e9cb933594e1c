/* Decodes a datagram of sd_notify; see child_notice.h. */
#include "supervisor/child_notice.h"

#include "base/json.h"

#include <string.h>

/* Copies whole characters only, so that a text that is cut stays valid UTF-8. */
static void
copy_text(char *out, size_t cap, const char *value, size_t len)
{
	size_t used = 0, at = 0, n;

	while (at < len) {
		const unsigned char *s = (const unsigned char *)value + at;

		n = json_utf8_len(s, len - at);
		if (used + (n > 0 ? n : 1) >= cap)
			break;
		if (n == 0 || s[0] < 0x20 || s[0] == 0x7f) {
			out[used++] = '?';
			at++;
			continue;
		}
		memcpy(out + used, s, n);
		used += n;
		at += n;
	}
	out[used] = '\0';
}

/* 0; 1: this is no decimal number of 64 bits */
static int
parse_u64(const char *value, size_t len, uint64_t *out)
{
	uint64_t v = 0;
	size_t i;

	if (len == 0)
		return 1;
	for (i = 0; i < len; i++) {
		unsigned digit = (unsigned char)value[i] - (unsigned)'0';

		if (digit > 9 || v > (UINT64_MAX - digit) / 10)
			return 1;
		v = v * 10 + digit;
	}
	*out = v;
	return 0;
}

static bool
is(const char *key, size_t key_len, const char *name)
{
	return strlen(name) == key_len && memcmp(key, name, key_len) == 0;
}

static int
parse_line(const char *line, size_t len, struct child_notice *n)
{
	const char *eq = memchr(line, '=', len);
	const char *value;
	size_t key_len, value_len;
	uint64_t number;

	if (eq == NULL || eq == line)
		return 1;
	key_len = (size_t)(eq - line);
	value = eq + 1;
	value_len = len - key_len - 1;
	if (is(line, key_len, "READY")) {
		n->ready = n->ready || is(value, value_len, "1");
	} else if (is(line, key_len, "WATCHDOG")) {
		n->beat = n->beat || is(value, value_len, "1");
	} else if (is(line, key_len, "STATUS")) {
		n->has_status = true;
		copy_text(n->status, sizeof(n->status), value, value_len);
	} else if (is(line, key_len, "X_CONCLAVE_VERSION")) {
		n->has_version = true;
		copy_text(n->version, sizeof(n->version), value, value_len);
	} else if (is(line, key_len, "X_CONCLAVE_GENERATION")) {
		n->has_generation = true;
		return parse_u64(value, value_len, &n->generation);
	} else if (is(line, key_len, "X_CONCLAVE_ACTIVE")) {
		if (parse_u64(value, value_len, &number) != 0 || number > 1)
			return 1;
		n->has_active = true;
		n->active = number == 1;
	} else if (is(line, key_len, "FDSTORE")) {
		n->keep = is(value, value_len, "1");
	} else if (is(line, key_len, "FDSTOREREMOVE")) {
		n->drop = is(value, value_len, "1");
	} else if (is(line, key_len, "FDNAME")) {
		copy_text(n->keep_name, sizeof(n->keep_name), value, value_len);
	}
	return 0;
}

int
child_notice_parse(const char *data, size_t len, struct child_notice *out)
{
	struct child_notice n;
	size_t at = 0, line_len;

	if (len == 0 || len > CHILD_NOTICE_MAX || memchr(data, '\0', len) != NULL)
		return 1;
	memset(&n, 0, sizeof(n));
	while (at < len) {
		const char *end = memchr(data + at, '\n', len - at);

		line_len = end != NULL ? (size_t)(end - data) - at : len - at;
		if (line_len > 0 && parse_line(data + at, line_len, &n) != 0)
			return 1;
		at += line_len + 1;
	}
	*out = n;
	return 0;
}

bool
child_notice_merge(struct child_notice *said, const struct child_notice *n)
{
	struct child_notice before = *said;

	if (n->has_status) {
		said->has_status = true;
		memcpy(said->status, n->status, sizeof(n->status));
	}
	if (n->has_version) {
		said->has_version = true;
		memcpy(said->version, n->version, sizeof(n->version));
	}
	if (n->has_generation)
		said->generation = n->generation;
	if (n->has_active)
		said->active = n->active;
	return memcmp(&before, said, sizeof(before)) != 0;
}
