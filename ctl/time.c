/* See time.h. */
#include "ctl/time.h"

#include <stdlib.h>
#include <string.h>

#define MOST_MS 86400000

bool
time_parse(const char *text, uint64_t *out)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = {{"", 1000}, {"s", 1000}, {"ms", 1}, {"min", 60000}};
	char *end;
	double value = strtod(text, &end);

	if (end == text || text[strspn(text, "0123456789.")] != *end)
		return false;
	for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].unit) != 0)
			continue;
		value *= units[i].ms;
		*out = (uint64_t)value;
		return value >= 0 && value <= MOST_MS;
	}
	return false;
}
