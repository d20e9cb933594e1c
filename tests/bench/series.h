/* Measurements: named series of numbers, printed as a table and written as JSON. */
#ifndef TESTS_BENCH_SERIES_H
#define TESTS_BENCH_SERIES_H

#include <stdio.h>

#define SERIES_MAX        64
#define SERIES_VALUES_MAX 20000

struct series {
	char name[80];
	const char *unit; /* borrowed */
	unsigned count;
	double values[SERIES_VALUES_MAX];
};

/* A new, empty series; lives until the program ends. Never NULL. */
struct series *series_new(const char *unit, const char *name_format, ...)
    __attribute__((format(printf, 2, 3)));
void series_add(struct series *s, double value);
/* Of the values so far; q from 0 to 1. 0 where there is none. */
double series_quantile(const struct series *s, double q);

void series_print(const struct series *s, FILE *out); /* one row of the table */
void series_print_head(FILE *out);
/* All series as one JSON object; 0 or -errno. */
int series_write(const char *path);

#endif
