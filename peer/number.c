/* See number.h. */
#include "peer/number.h"

bool
number_parse(const char *text, size_t len, int64_t max, int64_t *out)
{
	int64_t value = 0;
	size_t at = 0;

	while (at < len && text[at] >= '0' && text[at] <= '9') {
		int64_t digit = text[at++] - '0';

		if (value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (at == 0 || (at < len && text[at++] != '\n') || at != len)
		return false;
	*out = value;
	return true;
}
