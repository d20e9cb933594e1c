/* Named series of numbers; see series.h. */
#include "tests/bench/series.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static struct series *all[SERIES_MAX];
static unsigned all_count;

struct series *
series_new(const char *unit, const char *name_format, ...)
{
	struct series *s = calloc(1, sizeof(*s));
	va_list args;

	assert(s && all_count < SERIES_MAX);
	s->unit = unit;
	va_start(args, name_format);
	vsnprintf(s->name, sizeof(s->name), name_format, args);
	va_end(args);
	all[all_count++] = s;
	return s;
}

void
series_add(struct series *s, double value)
{
	if (s->count < SERIES_VALUES_MAX)
		s->values[s->count++] = value;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
series_quantile(const struct series *s, double q)
{
	static double sorted[SERIES_VALUES_MAX];
	unsigned at;

	if (s->count == 0)
		return 0;
	memcpy(sorted, s->values, s->count * sizeof(sorted[0]));
	qsort(sorted, s->count, sizeof(sorted[0]), compare);
	at = (unsigned)(q * s->count);
	return sorted[at < s->count ? at : s->count - 1];
}

void
series_print_head(FILE *out)
{
	fprintf(out, "%-58s %5s %10s %10s %10s  %s\n", "", "runs", "median", "p99", "max",
	        "unit");
}

void
series_print(const struct series *s, FILE *out)
{
	fprintf(out, "%-58s %5u %10.3f %10.3f %10.3f  %s\n", s->name, s->count,
	        series_quantile(s, 0.5), series_quantile(s, 0.99), series_quantile(s, 1),
	        s->unit);
	fflush(out);
}

int
series_write(const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return -errno;
	fprintf(f, "{\"series\":[");
	for (unsigned i = 0; i < all_count; i++) {
		const struct series *s = all[i];

		fprintf(
		    f,
		    "%s\n{\"name\":\"%s\",\"unit\":\"%s\",\"runs\":%u,\"median\":%.6f,"
		    "\"p99\":%.6f,\"max\":%.6f}",
		    i ? "," : "", s->name, s->unit, s->count, series_quantile(s, 0.5),
		    series_quantile(s, 0.99), series_quantile(s, 1));
	}
	fprintf(f, "\n]}\n");
	return fclose(f) == 0 ? 0 : -errno;
}
