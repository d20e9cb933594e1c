/* Scans the text of a configuration; see conf_scan.h. The rules are those of
 * libconfig 1.5's scanner.l, which reads a decimal literal with atoi, one with L with
 * strtoll, and a hexadecimal one with strtoul and then drops the upper bits. */
#include "config/conf_scan.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

static int
peek(const struct conf_scan *s, size_t ahead)
{
	return s->pos + ahead < s->len ? (unsigned char)s->text[s->pos + ahead] : -1;
}

static bool
is_name(int c)
{
	return isalnum(c) || c == '*' || c == '_' || c == '-';
}

/* Passes a string, from its opening quote on. CONF_FOUND_TOKEN: nothing is wrong with it.
 */
static enum conf_finding_type
take_string(struct conf_scan *s)
{
	for (s->pos++; s->pos < s->len && s->text[s->pos] != '\n'; s->pos++) {
		if (s->text[s->pos] == '"') {
			s->pos++;
			return CONF_FOUND_TOKEN;
		}
		if (s->text[s->pos] != '\\' || peek(s, 1) == '\n')
			continue;
		s->pos++;
		if ((peek(s, 0) | 32) == 'x' && peek(s, 1) == '0' && peek(s, 2) == '0')
			return CONF_FOUND_ZERO;
	}
	return CONF_FOUND_OPEN_STRING;
}

static bool
skip_comment(struct conf_scan *s)
{
	for (s->pos += 2; s->pos < s->len; s->pos++) {
		if (s->text[s->pos] == '*' && peek(s, 1) == '/') {
			s->pos += 2;
			return true;
		}
		if (s->text[s->pos] == '\n')
			s->line++;
	}
	return false;
}

/* Passes digits and returns their value, at most UINT64_MAX. */
static uint64_t
take_digits(struct conf_scan *s, unsigned base)
{
	uint64_t sum = 0;

	while (base == 16 ? isxdigit(peek(s, 0)) : isdigit(peek(s, 0))) {
		int c = peek(s, 0);
		unsigned digit = (unsigned)(isdigit(c) ? c - '0' : (c | 32) - 'a' + 10);

		if (__builtin_mul_overflow(sum, base, &sum) ||
		    __builtin_add_overflow(sum, digit, &sum))
			sum = UINT64_MAX;
		s->pos++;
	}
	return sum;
}

/* Whether what stands behind some digits makes a floating-point number of them. */
static bool
is_float(const struct conf_scan *s)
{
	int c = peek(s, 0);

	if (c == '.')
		return true;
	if (c != 'e' && c != 'E')
		return false;
	c = peek(s, 1);
	return isdigit(c) || ((c == '+' || c == '-') && isdigit(peek(s, 2)));
}

static void
skip_float(struct conf_scan *s)
{
	while (isdigit(peek(s, 0)) || peek(s, 0) == '.' || is_float(s))
		s->pos++;
}

/* Passes a number, from its sign or first digit on. */
static enum conf_finding_type
take_number(struct conf_scan *s)
{
	bool negative = peek(s, 0) == '-';
	uint64_t sum, limit32 = INT32_MAX, limit64 = INT64_MAX;

	if (negative || peek(s, 0) == '+')
		s->pos++;
	if (peek(s, 0) == '0' && (peek(s, 1) == 'x' || peek(s, 1) == 'X')) {
		s->pos += 2;
		sum = take_digits(s, 16);
	} else {
		sum = take_digits(s, 10);
		if (is_float(s)) {
			skip_float(s);
			return CONF_FOUND_TOKEN;
		}
		limit32 += negative;
		limit64 += negative;
	}
	if (sum > limit64)
		return CONF_FOUND_TOO_LARGE;
	if (peek(s, 0) == 'L') {
		s->pos += peek(s, 1) == 'L' ? 2 : 1;
		return CONF_FOUND_TOKEN;
	}
	return sum > limit32 ? CONF_FOUND_WRAPS : CONF_FOUND_TOKEN;
}

/* Passes an include directive as libconfig accepts it: the first word of its line,
 * blanks, a path in quotes. */
static bool
take_include(struct conf_scan *s, struct conf_finding *f)
{
	static const char word[] = "@include";
	size_t at = s->pos + sizeof(word) - 1;
	const char *end;

	if (!s->line_start || at >= s->len ||
	    memcmp(s->text + s->pos, word, sizeof(word) - 1) != 0)
		return false;
	if (s->text[at] != ' ' && s->text[at] != '\t')
		return false;
	while (at < s->len && (s->text[at] == ' ' || s->text[at] == '\t'))
		at++;
	if (at >= s->len || s->text[at] != '"')
		return false;
	at++;
	end = memchr(s->text + at, '"', s->len - at);
	if (!end || memchr(s->text + at, '\n', (size_t)(end - s->text) - at))
		return false;
	*f = (struct conf_finding){.type = CONF_FOUND_INCLUDE,
	                           .line = s->line,
	                           .at = at,
	                           .len = (size_t)(end - s->text) - at,
	                           .begin = s->pos};
	s->pos = (size_t)(end - s->text) + 1;
	s->line_start = false;
	return true;
}

void
conf_scan_init(struct conf_scan *s, const char *text, size_t len)
{
	*s = (struct conf_scan){.text = text, .len = len, .line = 1, .line_start = true};
}

/* Passes one token. CONF_FOUND_END: it was a comment. */
static enum conf_finding_type
take_token(struct conf_scan *s)
{
	int c = peek(s, 0), next = peek(s, 1);

	if (c == '"')
		return take_string(s);
	if (c == '/' && next == '*')
		return skip_comment(s) ? CONF_FOUND_END : CONF_FOUND_OPEN_COMMENT;
	if (isdigit(c) || ((c == '-' || c == '+') && isdigit(next)))
		return take_number(s);
	if (c == '#' || (c == '/' && next == '/')) {
		while (s->pos < s->len && s->text[s->pos] != '\n')
			s->pos++;
		return CONF_FOUND_END;
	}
	if (isalpha(c) || c == '*') {
		while (is_name(peek(s, 0)))
			s->pos++;
		return CONF_FOUND_NAME;
	}
	if (c == '.')
		skip_float(s);
	else
		s->pos++;
	if (c == '=' || c == ':')
		return CONF_FOUND_ASSIGN;
	if (c == '{' || c == '}')
		return c == '{' ? CONF_FOUND_OPEN : CONF_FOUND_CLOSE;
	return CONF_FOUND_TOKEN;
}

struct conf_finding
conf_scan_next(struct conf_scan *s)
{
	struct conf_finding f = {.type = CONF_FOUND_END};

	while (s->pos < s->len) {
		int c = peek(s, 0);

		if (c == '\n') {
			s->line++;
			s->line_start = true;
			s->pos++;
			continue;
		}
		if (c == ' ' || c == '\t') {
			s->pos++;
			continue;
		}
		if (c == '@' && take_include(s, &f))
			return f;
		s->line_start = false;
		f.line = s->line;
		f.at = s->pos;
		f.type = take_token(s);
		f.len = s->pos - f.at;
		if (f.type != CONF_FOUND_END)
			return f;
	}
	f.line = s->line;
	return f;
}
