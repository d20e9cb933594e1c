/* wire/members_packet: the data of LEADERINFO, ACKEPOCH and NEWLEADER. */
#include "wire/members_packet.h"

#include "tests/unit/members_kit.h"

static unsigned char bytes[QPACKET_MAX];

static struct qpacket
packet(int32_t type, size_t len)
{
	return (struct qpacket){
	    .type = type, .zxid = INT64_C(9) << 32, .data = bytes, .data_len = len};
}

static void
test_leaderinfo(void **state)
{
	static const unsigned char want[] = {0, 1, 0, 1,  0, 0, 0, 50,
	                                     0, 0, 0, 40, 0, 0, 0, 6};
	const struct qpacket_leaderinfo info = {QPACKET_PROTOCOL, 50, 40, 6};
	struct qpacket_leaderinfo back;
	struct qpacket p = packet(QPACKET_LEADERINFO, sizeof(want));

	(void)state;
	assert_int_equal(members_put_leaderinfo(&info, bytes, sizeof(bytes)),
	                 sizeof(want));
	assert_memory_equal(bytes, want, sizeof(want));
	assert_int_equal(members_put_leaderinfo(&info, bytes, sizeof(want) - 1), 0);
	assert_int_equal(members_get_leaderinfo(&p, &back), QPACKET_OK);
	assert_memory_equal(&back, &info, sizeof(info));
	for (p.data_len = 0; p.data_len <= sizeof(want) + 1; p.data_len++)
		assert_int_equal(members_get_leaderinfo(&p, &back) == QPACKET_OK,
		                 p.data_len == sizeof(want));
	p = (struct qpacket){.type = QPACKET_LEADERINFO};
	assert_int_equal(members_get_leaderinfo(&p, &back), QPACKET_DATA);
}

static void
test_leaderinfo_ranges(void **state)
{
	static const struct {
		struct qpacket_leaderinfo info;
		bool want;
	} cases[] = {
	    {{QPACKET_PROTOCOL, 1, 1, 1}, true},
	    {{QPACKET_PROTOCOL + 1, 60000, 10000, 10000}, true},
	    {{QPACKET_PROTOCOL, 0, 1, 1}, false},
	    {{QPACKET_PROTOCOL, 1, 0, 1}, false},
	    {{QPACKET_PROTOCOL, 1, 1, 0}, false},
	    {{QPACKET_PROTOCOL, 60001, 1, 1}, false},
	    {{QPACKET_PROTOCOL, 1, 10001, 1}, false},
	    {{QPACKET_PROTOCOL, 1, 1, 10001}, false},
	    {{QPACKET_PROTOCOL, UINT32_MAX, 1, 1}, false},
	    {{QPACKET_PROTOCOL - 1, 50, 40, 6}, false}, /* more than it had */
	};
	struct qpacket_leaderinfo back;
	struct qpacket p = packet(QPACKET_LEADERINFO, 16);

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		members_put_leaderinfo(&cases[i].info, bytes, sizeof(bytes));
		assert_int_equal(members_get_leaderinfo(&p, &back) == QPACKET_OK,
		                 cases[i].want);
	}
	/* an older leader says who it is, so that it is refused by name */
	p.data_len = 4;
	assert_int_equal(members_get_leaderinfo(&p, &back), QPACKET_OK);
	assert_int_equal(back.protocol, 0x10000);
	assert_int_equal(back.tick_ms, 0);
}

static struct members_hints hints, learned;

/* A joint record of `count` voters each, or a simple one. */
static void
some_report(struct members_report *r, unsigned count, bool joint)
{
	memset(r, 0, sizeof(*r));
	memset(&hints, 0, sizeof(hints));
	memset(&learned, 0, sizeof(learned));
	memset(r->instance.bytes, 0xab, 16);
	r->may_found = count == 3;
	r->version = 5;
	r->digest = 0x0123456789abcdef;
	r->record.epoch = 8;
	if (joint)
		kit_members(&r->record.old, &hints, 1, count, KIT_GROUPS);
	kit_members(&r->record.new, &hints, 2, count, KIT_PLAIN);
}

static const struct qpacket_ackepoch head = {-1, 9};

static size_t
put_report(const struct members_report *r, size_t cap)
{
	return members_put_report(&head, r, &hints, bytes, cap, &kit_scratch);
}

static bool
gets_report(size_t len, struct members_report *out)
{
	struct qpacket p = packet(QPACKET_ACKEPOCH, len);
	struct qpacket_ackepoch answer;
	enum qpacket_result r =
	    members_get_report(&p, &answer, out, &learned, &kit_scratch);

	if (r == QPACKET_OK)
		assert_memory_equal(&answer, &head, sizeof(head));
	else
		assert_int_equal(r, QPACKET_DATA);
	return r == QPACKET_OK;
}

static void
test_round_trips(void **state)
{
	static const unsigned counts[] = {1, 3, 7, MEMBERS_MAX};
	struct members_report r, back;
	struct members_record pair;
	struct qpacket p;
	size_t len;

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		some_report(&r, counts[i / 2], i % 2);
		len = put_report(&r, sizeof(bytes));
		assert_true(gets_report(len, &back));
		assert_memory_equal(&r, &back, sizeof(r));
		assert_int_equal(learned.count, counts[i / 2] + i % 2);
		len = members_put_pair(&r.record, &hints, bytes, sizeof(bytes),
		                       &kit_scratch);
		p = packet(QPACKET_NEWLEADER, len);
		assert_int_equal(members_get_pair(&p, &pair, NULL, &kit_scratch),
		                 QPACKET_OK);
		assert_int_equal(pair.epoch, 9); /* of the packet */
		pair.epoch = r.record.epoch;
		assert_memory_equal(&r.record, &pair, sizeof(pair));
	}
}

static void
test_no_record(void **state)
{
	static const unsigned char want[] = {
	    0xff, 0xff, 0xff, 0xff, 0,    0,    0,    9,    0xab, 0xab, 0xab,
	    0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab, 0xab,
	    0xab, 0xab, 1,    0,    0,    0,    0,    0,    0,    0,    5,
	    0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
	struct members_report r, back;
	size_t len;

	(void)state;
	some_report(&r, 3, false);
	memset(&r.record, 0, sizeof(r.record));
	len = put_report(&r, sizeof(bytes));
	assert_int_equal(len, sizeof(want) + 8 + 2 * 8);
	assert_memory_equal(bytes, want, sizeof(want));
	for (size_t i = sizeof(want); i < len; i++)
		assert_int_equal(bytes[i], 0);
	assert_true(gets_report(len, &back));
	assert_memory_equal(&r, &back, sizeof(r));
	bytes[sizeof(want) + 7] = 1; /* an epoch, and no membership */
	assert_false(gets_report(len, &back));
}

/* What is cut, has bytes behind it, or does not fit, and nothing is changed by it. */
static void
test_torn(void **state)
{
	struct members_report r, back, before;
	struct members_record pair, pair_before;
	struct qpacket p;
	size_t len, fits;

	(void)state;
	some_report(&r, 3, true);
	memset(&back, 0x55, sizeof(back));
	before = back;
	memset(&pair, 0x55, sizeof(pair));
	pair_before = pair;
	fits = put_report(&r, sizeof(bytes));
	for (size_t cap = 0; cap < fits; cap++)
		assert_int_equal(put_report(&r, cap), 0);
	put_report(&r, sizeof(bytes));
	for (len = 0; len <= fits + 1; len++) {
		if (len != fits)
			assert_false(gets_report(len, &back));
	}
	fits = members_put_pair(&r.record, &hints, bytes, sizeof(bytes), &kit_scratch);
	for (len = 0; len <= fits + 1; len++) {
		p = packet(QPACKET_NEWLEADER, len);
		if (len != fits)
			assert_int_equal(members_get_pair(&p, &pair, NULL, &kit_scratch),
			                 QPACKET_DATA);
	}
	p = (struct qpacket){.type = QPACKET_NEWLEADER, .zxid = INT64_C(9) << 32};
	assert_int_equal(members_get_pair(&p, &pair, NULL, &kit_scratch), QPACKET_DATA);
	assert_memory_equal(&back, &before, sizeof(back));
	assert_memory_equal(&pair, &pair_before, sizeof(pair));
}

static void
test_hostile(void **state)
{
	struct members_report r, back;
	size_t len;

	(void)state;
	some_report(&r, 3, true);
	len = put_report(&r, sizeof(bytes));
	assert_true(gets_report(len, &back));
	bytes[24] = 2; /* may_found is no truth */
	assert_false(gets_report(len, &back));
	for (unsigned what = 0; what < 8; what++) {
		static const int64_t versions[] = {0, -1, INT64_C(1) << 31, INT64_MAX};
		static const int64_t epochs[] = {0, -1, INT64_C(1) << 31, INT64_MAX};

		some_report(&r, 3, true);
		if (what < 4)
			r.version = versions[what];
		else
			r.record.epoch = epochs[what - 4];
		assert_false(gets_report(put_report(&r, sizeof(bytes)), &back));
	}
	some_report(&r, 3, true);
	memset(&r.instance, 0, sizeof(r.instance));
	assert_false(gets_report(put_report(&r, sizeof(bytes)), &back));
	some_report(&r, 3, true);
	memset(&r.record.new, 0, sizeof(r.record.new)); /* an old alone */
	assert_false(gets_report(put_report(&r, sizeof(bytes)), &back));
	r.record.epoch = 0;
	assert_false(gets_report(put_report(&r, sizeof(bytes)), &back));
	some_report(&r, 3, true);
	memset(&r.record.old.list[1].instance, 0, 16); /* a voter without a disk */
	assert_false(gets_report(put_report(&r, sizeof(bytes)), &back));
	some_report(&r, 3, true);
	r.record.epoch = INT32_MAX;
	r.version = INT32_MAX;
	assert_true(gets_report(put_report(&r, sizeof(bytes)), &back));
}

/* The epoch of a pair is that of its packet, which may say anything. */
static void
test_pair_epoch(void **state)
{
	static const int64_t epochs[] = {0, -1, INT32_MIN, 1, INT32_MAX};
	struct members_report r;
	struct members_record pair;
	struct qpacket p;

	(void)state;
	some_report(&r, 3, false);
	p = packet(QPACKET_NEWLEADER, members_put_pair(&r.record, &hints, bytes,
	                                               sizeof(bytes), &kit_scratch));
	for (unsigned i = 0; i < 5; i++) {
		p.zxid = epochs[i] * (INT64_C(1) << 32);
		assert_int_equal(members_get_pair(&p, &pair, NULL, &kit_scratch) ==
		                     QPACKET_OK,
		                 epochs[i] > 0);
	}
	r.record.new = r.record.old; /* none */
	p = packet(QPACKET_NEWLEADER, members_put_pair(&r.record, &hints, bytes,
	                                               sizeof(bytes), &kit_scratch));
	assert_int_equal(p.data_len, 16);
	assert_int_equal(members_get_pair(&p, &pair, NULL, &kit_scratch), QPACKET_DATA);
}

/* The largest record of the largest addresses fits a packet. */
static void
test_largest(void **state)
{
	static char text[MEMBERS_HINT_MAX];
	struct members_report r, back;
	size_t len;

	(void)state;
	some_report(&r, MEMBERS_MAX, true);
	kit_members(&r.record.new, &hints, 1, MEMBERS_MAX, KIT_GROUPS);
	for (unsigned i = 0; i < MEMBERS_MAX; i++) {
		for (struct members *m = &r.record.old; m;
		     m = m == &r.record.old ? &r.record.new : NULL) {
			m->version = INT32_MAX;
			m->list[i].sid = MEMBERS_SID_MAX - MEMBERS_MAX + i;
			m->list[i].group = MEMBERS_SID_MAX - i;
			m->list[i].weight = INT64_MAX / MEMBERS_MAX;
		}
		memset(text, 'a' + (int)i % 26, sizeof(text) - 1);
		memcpy(text + 230, ":12345:23456|", 13);
		memcpy(text + 460, ":12345:23456|", 13);
		memcpy(text + sizeof(text) - 14, ":12345:23456", 13);
		text[231 + 12] = 'b';
		text[461 + 12] = 'c';
		assert_true(members_hint_put(&hints, r.record.new.list[i].sid, text));
	}
	len = put_report(&r, sizeof(bytes));
	assert_in_range(len, 50000, QPACKET_MAX);
	assert_true(gets_report(len, &back));
	assert_memory_equal(&r, &back, sizeof(r));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_leaderinfo),  cmocka_unit_test(test_leaderinfo_ranges),
	    cmocka_unit_test(test_round_trips), cmocka_unit_test(test_no_record),
	    cmocka_unit_test(test_torn),        cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_pair_epoch),  cmocka_unit_test(test_largest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
