/* See drift.h. */
#include "peer/drift.h"

#include <stdlib.h>

#define NS_PER_MS   1000000
#define MILLION     1000000
#define PERCENT_PPM 10000

static int
compare(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

int32_t
drift_ppm(const struct drift *d)
{
	int32_t sorted[DRIFT_INTERVALS];

	for (unsigned i = 0; i < DRIFT_INTERVALS; i++)
		sorted[i] = d->ppm[i];
	qsort(sorted, DRIFT_INTERVALS, sizeof(sorted[0]), compare);
	return sorted[DRIFT_INTERVALS / 2];
}

static int32_t
rate_of(uint64_t boot_ns, uint64_t raw_ns)
{
	double rate = ((double)boot_ns / (double)raw_ns - 1) * MILLION;

	return rate > INT32_MAX ? INT32_MAX : (int32_t)rate;
}

bool
drift_see(struct drift *d, uint64_t boot_ns, uint64_t raw_ns, uint32_t percent)
{
	const int64_t limit = (int64_t)percent * PERCENT_PPM;
	bool was = d->differs, any = false;

	if (d->raw_ns > 0) {
		if (raw_ns < d->raw_ns + DRIFT_INTERVAL_MS / 2 * NS_PER_MS)
			return false;
		d->ppm[d->next++ % DRIFT_INTERVALS] =
		    rate_of(boot_ns - d->boot_ns, raw_ns - d->raw_ns);
	}
	d->boot_ns = boot_ns;
	d->raw_ns = raw_ns;
	for (unsigned i = 0; i < DRIFT_INTERVALS; i++)
		any |= llabs(d->ppm[i]) > limit;
	d->differs = llabs(drift_ppm(d)) > limit || (was && any);
	return d->differs != was;
}
