/* How long something took, in buckets: from 1 ms to 60 s. Pure. */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include "base/buf.h"

#include <stdint.h>

#define HISTOGRAM_BUCKETS 15

/* Zeroed is empty. */
struct histogram {
	/* A bucket counts what is above the bound before it and not above its own; the
	 * last one counts what is above all bounds. */
	uint64_t counts[HISTOGRAM_BUCKETS + 1];
	uint64_t sum_us;
};

extern const uint64_t histogram_bounds_us[HISTOGRAM_BUCKETS];

void histogram_add(struct histogram *h, uint64_t took_us);
/* The member `key` of a JSON object: `bounds_us`, `counts` (one more), `sum_us`. */
void histogram_put(struct buf_out *out, const char *key, const struct histogram *h);

#endif
