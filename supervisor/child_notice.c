/* Decodes a datagram of sd_notify; see child_notice.h. */
#include "supervisor/child_notice.h"

#include "base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Copies whole characters only, so that a text that is cut stays valid UTF-8. */
static void
copy_text(char *out, size_t cap, const char *value)
{
	size_t used = 0, at = 0, len = strlen(value), n;

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
parse_u64(const char *value, uint64_t *out)
{
	if (*value == '\0' || value[strspn(value, "0123456789")] != '\0')
		return 1;
	errno = 0;
	*out = strtoumax(value, NULL, 10);
	return errno != 0;
}

/* `line` is cut in two at the first `=`. */
static int
parse_line(char *line, struct child_notice *n)
{
	char *value = strchr(line, '=');
	bool is_one = value && strcmp(value, "=1") == 0;
	uint64_t number;

	if (!value || value == line)
		return 1;
	*value++ = '\0';
	if (strcmp(line, "READY") == 0) {
		n->ready = n->ready || is_one;
	} else if (strcmp(line, "WATCHDOG") == 0) {
		n->beat = n->beat || is_one;
	} else if (strcmp(line, "STATUS") == 0) {
		n->has_status = true;
		copy_text(n->status, sizeof(n->status), value);
	} else if (strcmp(line, "X_CONCLAVE_VERSION") == 0) {
		n->has_version = true;
		copy_text(n->version, sizeof(n->version), value);
	} else if (strcmp(line, "X_CONCLAVE_GENERATION") == 0) {
		n->has_generation = true;
		return parse_u64(value, &n->generation);
	} else if (strcmp(line, "X_CONCLAVE_ACTIVE") == 0) {
		if (parse_u64(value, &number) != 0 || number > 1)
			return 1;
		n->has_active = true;
		n->active = number == 1;
	} else if (strcmp(line, "X_CONCLAVE_ERROR") == 0) {
		n->has_error = true;
		copy_text(n->error, sizeof(n->error), value);
	} else if (strcmp(line, "EXTEND_TIMEOUT_USEC") == 0) {
		return parse_u64(value, &n->extend_us);
	} else if (strcmp(line, "FDSTORE") == 0) {
		n->keep = is_one;
	} else if (strcmp(line, "FDSTOREREMOVE") == 0) {
		n->drop = is_one;
	} else if (strcmp(line, "FDNAME") == 0) {
		copy_text(n->keep_name, sizeof(n->keep_name), value);
	}
	return 0;
}

int
child_notice_parse(const char *data, size_t len, struct child_notice *out)
{
	char text[CHILD_NOTICE_MAX + 1], *rest = text, *line;
	struct child_notice n;

	if (len == 0 || len > CHILD_NOTICE_MAX || memchr(data, '\0', len))
		return 1;
	memcpy(text, data, len);
	text[len] = '\0';
	memset(&n, 0, sizeof(n));
	while ((line = strsep(&rest, "\n")))
		if (*line && parse_line(line, &n) != 0)
			return 1;
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
