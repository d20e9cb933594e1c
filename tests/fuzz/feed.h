/* What a stateful fuzzer draws its choices from: the input's bytes, one after another,
 * and zeroes behind their end; and how it says that a rule is broken. */
#ifndef TESTS_FUZZ_FEED_H
#define TESTS_FUZZ_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct feed {
	const uint8_t *data;
	size_t len;
	size_t at;
};

static inline bool
feed_end(const struct feed *f)
{
	return f->at >= f->len;
}

static inline uint8_t
feed_byte(struct feed *f)
{
	return feed_end(f) ? 0 : f->data[f->at++];
}

static inline unsigned
feed_below(struct feed *f, unsigned bound)
{
	return feed_byte(f) % bound;
}

static inline uint64_t
feed_u64(struct feed *f)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 8; i++)
		v = v << 8 | feed_byte(f);
	return v;
}

/* A number as this project's fields have them: mostly close to `near`, often small,
 * sometimes at an end of its range, seldom any. */
static inline int64_t
feed_number(struct feed *f, int64_t near)
{
	static const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, -2,
	                               -1,        INT32_MAX,     INT64_C(1) << 32,
	                               INT64_MAX, INT64_MAX - 1};
	unsigned b = feed_byte(f);

	if (b < 128)
		return (int64_t)((uint64_t)near + b % 5 - 2);
	if (b < 224)
		return b % 8;
	if (b < 248)
		return ends[b % 8];
	return (int64_t)feed_u64(f);
}

/* How much later the next event comes; `due` (UINT64_MAX: never) is a good moment. Times
 * stay far below the end of the clock. */
static inline uint64_t
feed_time(struct feed *f, uint64_t now, uint64_t due)
{
	static const unsigned steps[] = {0, 0, 1, 1, 5, 20, 49, 51, 200, 1000, 10000};
	unsigned b = feed_byte(f);

	if (b >= 128 && due != UINT64_MAX && due > now && due < UINT64_MAX / 2)
		return b >= 248 ? due + b % 8 * 100 : due;
	if (b == 127 && now < UINT64_MAX / 4)
		return now + UINT32_MAX;
	return now + steps[b % (sizeof(steps) / sizeof(steps[0]))];
}

/* The next bytes, at most `want`, in place. */
static inline const uint8_t *
feed_bytes(struct feed *f, size_t want, size_t *got)
{
	const uint8_t *at = f->data + (f->at < f->len ? f->at : f->len);
	size_t left = f->at < f->len ? f->len - f->at : 0;

	*got = want < left ? want : left;
	f->at += *got;
	return at;
}

static inline void
must(bool ok, const char *rule)
{
	if (ok)
		return;
	fprintf(stderr, "broken: %s\n", rule);
	abort();
}

#endif
