/* See plain.h. */
#include "base/plain.h"

#include "base/json.h"

#include <stdbool.h>
#include <string.h>

#define C1_END 0xa0 /* the control characters from 0x80 on end before this one */

/* `n`: the length of the character at `s`; 0: it is a byte of no character. */
static bool
is_control(const unsigned char *s, size_t n)
{
	if (n == 2)
		return s[0] == 0xc2 && s[1] < C1_END;
	return n < 2 && (s[0] < ' ' || (s[0] >= 0x7f && s[0] < C1_END));
}

void
plain_make(char *text)
{
	const unsigned char *from = (const unsigned char *)text;
	size_t left = strlen(text), n;

	for (; left > 0; from += n, left -= n) {
		n = json_utf8_len(from, left);
		if (is_control(from, n)) {
			*text++ = '?';
			n += n == 0;
			continue;
		}
		n += n == 0;
		memmove(text, from, n);
		text += n;
	}
	*text = '\0';
}
