/* base/histogram: each time lands in the first bucket whose bound it does not exceed. */
#include "base/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void
bounds_are_inclusive(void **state)
{
	struct histogram h = {0};

	(void)state;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		assert_true(i == 0 ||
		            histogram_bounds_us[i] > histogram_bounds_us[i - 1]);
		histogram_add(&h, histogram_bounds_us[i]);
		assert_int_equal(h.counts[i], 1);
		histogram_add(&h, histogram_bounds_us[i] + 1);
		assert_int_equal(h.counts[i + 1], 1);
		h.counts[i + 1] = 0;
	}
	h = (struct histogram){0};
	histogram_add(&h, 0);
	histogram_add(&h, UINT64_C(7200000000)); /* two hours */
	assert_int_equal(h.counts[0], 1);
	assert_int_equal(h.counts[HISTOGRAM_BUCKETS], 1);
	assert_int_equal(h.sum_us, 7200000000);
}

static void
as_json(void **state)
{
	static const char want[] =
	    "{\"h\":{\"bounds_us\":[1000,2500,5000,10000,25000,50000,100000,250000,"
	    "500000,1000000,2500000,5000000,10000000,30000000,60000000],"
	    "\"counts\":[0,2,0,0,0,0,0,0,0,0,0,0,0,0,0,1],\"sum_us\":60003002}}";
	struct histogram h = {0};
	char text[512];
	struct buf_out out;

	(void)state;
	histogram_add(&h, 1001);
	histogram_add(&h, 2000);
	histogram_add(&h, 60000001);
	buf_out_init(&out, text, sizeof(text));
	buf_put_u8(&out, '{');
	histogram_put(&out, "h", &h);
	buf_put_u8(&out, '}');
	assert_int_equal(out.len, strlen(want));
	assert_memory_equal(text, want, out.len);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bounds_are_inclusive),
	    cmocka_unit_test(as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
