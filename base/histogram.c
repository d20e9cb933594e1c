/* See histogram.h. */
#include "base/histogram.h"

#include "base/json.h"

#include <inttypes.h>

const uint64_t histogram_bounds_us[HISTOGRAM_BUCKETS] = {
    1000,   2500,    5000,    10000,   25000,    50000,    100000,   250000,
    500000, 1000000, 2500000, 5000000, 10000000, 30000000, 60000000,
};

void
histogram_add(struct histogram *h, uint64_t took_us)
{
	unsigned i = 0;

	while (i < HISTOGRAM_BUCKETS && took_us > histogram_bounds_us[i])
		i++;
	h->counts[i]++;
	h->sum_us += took_us;
}

static void
put_numbers(struct buf_out *out, const char *key, const uint64_t *list, unsigned count)
{
	json_put_key(out, key);
	buf_put_u8(out, '[');
	for (unsigned i = 0; i < count; i++) {
		json_put_next(out);
		buf_put_text(out, "%" PRIu64, list[i]);
	}
	buf_put_u8(out, ']');
}

void
histogram_put(struct buf_out *out, const char *key, const struct histogram *h)
{
	json_put_key(out, key);
	buf_put_u8(out, '{');
	put_numbers(out, "bounds_us", histogram_bounds_us, HISTOGRAM_BUCKETS);
	put_numbers(out, "counts", h->counts, HISTOGRAM_BUCKETS + 1);
	json_put_u64(out, "sum_us", h->sum_us);
	buf_put_u8(out, '}');
}
