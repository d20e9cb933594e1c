/* The message `members` of ipc/msg.h: its texts and their bounds. */
#include "tests/unit/msg_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Text is borrowed from the packet. */
static void
same_text(struct msg_text *got, const struct msg_text *want, const unsigned char *packet)
{
	assert_true((const unsigned char *)got->at > packet &&
	            (const unsigned char *)got->at < packet + MSG_MAX);
	assert_int_equal(got->len, want->len);
	assert_memory_equal(got->at, want->at, want->len);
	got->at = want->at;
}

static void
test_round_trip(void **state)
{
	static unsigned char packet[MSG_MAX];

	(void)state;
	memset(frame_bytes, 0, sizeof(frame_bytes));
	for (enum sample s = 0; s < SAMPLES; s++) {
		struct msg in = sample(MSG_MEMBERS, s), out;
		size_t len = msg_encode(&in, packet, sizeof(packet));

		assert_true(len > 0);
		assert_int_equal(msg_decode(packet, len, &out), MSG_OK);
		same_text(&out.u.members.current, &in.u.members.current, packet);
		same_text(&out.u.members.last_seen, &in.u.members.last_seen, packet);
		same_text(&out.u.members.links, &in.u.members.links, packet);
		assert_memory_equal(&out, &in, sizeof(in));
	}
	assert_int_equal(msg_def(MSG_MEMBERS)->from, MSG_PEER);
	assert_int_equal(msg_def(MSG_MEMBERS)->to, MSG_CONNMGR | MSG_ELECTOR);
}

/* The three texts have one bound, in either direction. */
static void
test_members_bound(void **state)
{
	static unsigned char packet[MSG_MAX + 1];
	struct msg m = sample(MSG_MEMBERS, SAMPLE_HIGH), out;
	struct msg_text *texts[] = {&m.u.members.current, &m.u.members.last_seen,
	                            &m.u.members.links};
	size_t len;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		texts[i]->len++;
		assert_int_equal(msg_encode(&m, packet, sizeof(packet)), 0);
		texts[i]->len = SIZE_MAX;
		assert_int_equal(msg_encode(&m, packet, sizeof(packet)), 0);
		m = sample(MSG_MEMBERS, SAMPLE_HIGH);
	}
	m.u.members.current.len--;
	len = msg_encode(&m, packet, sizeof(packet));
	assert_true(len > 0 && len < MSG_MAX);
	/* one byte more is the last one, and then there is no room */
	for (unsigned more = 1; more < 3; more++) {
		size_t at = 5 + 2 + 22999 + 2 + 23000;
		size_t links = MSG_MEMBERS_MAX - 46000 + more - 1;

		packet[at] = (unsigned char)((links + 1) >> 8);
		packet[at + 1] = (unsigned char)(links + 1);
		packet[len + more - 1] = '~';
		assert_int_equal(msg_decode(packet, len + more, &out),
		                 more == 1 ? MSG_OK : MSG_RANGE);
	}
}

/* One byte of a good packet, changed. */
static void
test_bytes(void **state)
{
	static const struct {
		size_t at;
		unsigned char value;
		enum msg_result want;
	} cases[] = {
	    {4, 2, MSG_RANGE}, /* joins */
	    {5, 1, MSG_SHORT}, /* current: a length of 290 */
	    {7, 0, MSG_RANGE}, /* its bytes */
	    {7, '\t', MSG_RANGE},   {40, 0x7f, MSG_RANGE}, {40, '\n', MSG_OK},
	    {40, 0xc3, MSG_OK},     {85, '\r', MSG_RANGE}, /* the last of last_seen */
	    {130, 0x1f, MSG_RANGE},                        /* of links */
	};
	static unsigned char packet[MSG_MAX];
	struct msg out;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct msg m = sample(MSG_MEMBERS, SAMPLE_PLAIN);
		size_t len = msg_encode(&m, packet, sizeof(packet));

		assert_true(cases[i].at < len);
		assert_int_not_equal(packet[cases[i].at], cases[i].value);
		packet[cases[i].at] = cases[i].value;
		if (msg_decode(packet, len, &out) != cases[i].want)
			fail_msg("case %zu", i);
	}
}

static void
test_not_encoded(void **state)
{
	static unsigned char packet[MSG_MAX];
	struct msg m = sample(MSG_MEMBERS, SAMPLE_PLAIN);

	(void)state;
	m.u.members.current.len = 0;
	assert_int_equal(msg_encode(&m, packet, sizeof(packet)), 0);
	m = sample(MSG_MEMBERS, SAMPLE_PLAIN);
	m.u.members.links = (struct msg_text){"a\0b", 3};
	assert_int_equal(msg_encode(&m, packet, sizeof(packet)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_members_bound),
	    cmocka_unit_test(test_bytes),
	    cmocka_unit_test(test_not_encoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
