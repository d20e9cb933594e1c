/* Suggestions for a misspelt key; see conf_suggest.h. */
#include "config/conf_suggest.h"

#include "config/conf_key.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SLIP_MAX 24 /* a longer name misspells no key */

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* How many letters must be added, dropped, changed, or swapped with the next one, to make
 * one name of the other: Damerau's distance, row by row. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned rows[3][SLIP_MAX + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2];
	unsigned a_len = (unsigned)strlen(a), b_len = (unsigned)strlen(b);

	for (unsigned j = 0; j <= b_len; j++)
		before[j] = above[j] = j;
	for (unsigned i = 1; i <= a_len; i++) {
		unsigned *oldest = before;

		row[0] = i;
		for (unsigned j = 1; j <= b_len; j++) {
			unsigned change = a[i - 1] != b[j - 1];

			row[j] =
			    least(above[j] + 1, row[j - 1] + 1, above[j - 1] + change);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = least(row[j], row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = oldest;
	}
	return above[b_len];
}

/* The key of `group` nearest to `name`, NULL if none is near. */
static const struct conf_key *
nearest(const char *group, const char *name)
{
	unsigned best = strlen(name) < 5 ? 2 : 4; /* one less is accepted */
	const struct conf_key *found = NULL;

	if (strlen(name) > SLIP_MAX)
		return NULL;
	for (const struct conf_key *k = conf_keys; k->path; k++) {
		const char *key = conf_key_name(k);
		unsigned d;

		if (!conf_key_is_in(k, group))
			continue;
		assert(strlen(key) <= SLIP_MAX);
		d = distance(name, key);
		if (d < best) {
			best = d;
			found = k;
		}
	}
	return found;
}

void
conf_suggest(const char *group, const char *name, char out[CONF_SUGGESTION_MAX])
{
	const struct conf_key *near = nearest(group, name);
	const char *separator = "write one of ";
	size_t used = 0;

	for (const struct conf_key *k = conf_keys; k->path; k++) {
		const char *dot = strchr(k->path, '.');

		if (strcmp(conf_key_name(k), name) != 0)
			continue;
		if (dot)
			snprintf(out, CONF_SUGGESTION_MAX, "write it within %.*s",
			         (int)(dot - k->path), k->path);
		else
			snprintf(out, CONF_SUGGESTION_MAX,
			         "write it outside of all groups");
		return;
	}
	if (near) {
		snprintf(out, CONF_SUGGESTION_MAX, "write %s", conf_key_name(near));
		return;
	}
	for (const struct conf_key *k = conf_keys; k->path; k++) {
		if (!conf_key_is_in(k, group))
			continue;
		used += (size_t)snprintf(out + used, CONF_SUGGESTION_MAX - used, "%s%s",
		                         separator, conf_key_name(k));
		assert(used < CONF_SUGGESTION_MAX);
		separator = ", ";
	}
}
