/* wire/members_text: hints, the text of a membership, and its bytes. */
#include "tests/unit/members_kit.h"

static void
test_hints(void **state)
{
	static struct members_hints h;
	char text[64];

	(void)state;
	memset(&h, 0, sizeof(h));
	assert_null(members_hint_get(&h, 1));
	assert_true(members_hint_put(&h, 1, "a:1:2"));
	assert_true(members_hint_put(&h, 2, "[::1]:2888:3888|010.0.0.1:1:2"));
	assert_string_equal(members_hint_get(&h, 1), "a:1:2");
	assert_string_equal(members_hint_get(&h, 2),
	                    "[0:0:0:0:0:0:0:1]:2888:3888|10.0.0.1:1:2");
	assert_true(members_hint_put(&h, 1, "b:1:2:observer;h:7"));
	assert_string_equal(members_hint_get(&h, 1), "b:1:2");
	assert_int_equal(h.count, 2);
	for (unsigned i = 3; i <= MEMBERS_HINTS_MAX; i++) {
		snprintf(text, sizeof(text), "h%u:1:2", i);
		assert_true(members_hint_put(&h, i, text));
	}
	assert_int_equal(h.count, MEMBERS_HINTS_MAX);
	assert_true(members_hint_put(&h, 3, "new:1:2"));
	assert_int_equal(h.count, MEMBERS_HINTS_MAX);
	/* full: the oldest goes, which is 2 */
	assert_true(members_hint_put(&h, 1000, "c:1:2"));
	assert_int_equal(h.count, MEMBERS_HINTS_MAX);
	assert_null(members_hint_get(&h, 2));
	assert_string_equal(members_hint_get(&h, 1), "b:1:2");
	assert_string_equal(members_hint_get(&h, 3), "new:1:2");
	assert_string_equal(members_hint_get(&h, 1000), "c:1:2");
	assert_string_equal(members_hint_get(&h, 4), "h4:1:2");
}

static void
test_bad_hints(void **state)
{
	static const char *const texts[] = {
	    "",
	    "a",
	    "a:1",
	    "a:1:2:leader",
	    "|",
	    "a:1:1",
	    "a:1:70000",
	    "a b:1:2",
	    "a\\nb:1:2",
	    "a\nversion=9:1:2",
	    "\xc3\xa9:1:2",
	    "a=b:1:2",
	    "a#:1:2",
	    "a/b:1:2",
	    MEMBERS_HINT_NONE,
	    "C:4:6|GA:6:2|GA:3:6",
	};
	static struct members_hints h;
	char text[1024], name[256];
	bool fits;

	(void)state;
	for (unsigned i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (members_hint_put(&h, 1, texts[i]))
			fail_msg("%s", texts[i]);
	}
	memset(name, 'x', sizeof(name));
	for (int len = 229; len <= 231; len++) {
		snprintf(text, sizeof(text), "a%.*s:1:2|b%.*s:1:2|c%.*s:1:2", len, name,
		         228, name, 228, name);
		fits = strlen(text) < MEMBERS_HINT_MAX;
		assert_int_equal(fits, len <= 230);
		assert_int_equal(members_hint_put(&h, 1, text), fits);
		if (fits)
			assert_string_equal(members_hint_get(&h, 1), text);
	}
	assert_int_equal(h.count, 1);
}

/* A membership in ZooKeeper's form and order; addresses that nobody knows have one form,
 * which is not learned. */
static void
test_text(void **state)
{
	static const char *const want =
	    "server.17=10.0.0.1:2888:3888:participant\n"
	    "server.18=[fe80:0:0:0:0:0:0:1]:2888:3888:participant\n"
	    "server.19=10.0.0.3:2888:3888|10.1.0.3:2889:3889:observer\n"
	    "version=4";
	static struct members_hints h, learned;
	struct members m, back;
	char out[1024];
	size_t len = strlen(want);

	(void)state;
	kit_members(&m, &h, 17, 3, KIT_OBSERVER);
	assert_int_equal(members_text(&m, &h, out, sizeof(out), &kit_scratch), len);
	assert_string_equal(out, want);
	assert_int_equal(members_text(&m, &h, out, len, &kit_scratch), 0);
	assert_int_equal(members_text(&m, &h, out, len + 1, &kit_scratch), len);
	assert_true(members_from_text(out, len, &back, &learned, &kit_scratch));
	assert_true(members_same_list(&m, &back));
	assert_int_equal(learned.count, 3);
	assert_string_equal(members_hint_get(&learned, 19),
	                    "10.0.0.3:2888:3888|10.1.0.3:2889:3889");
	len = members_text(&m, NULL, out, sizeof(out), &kit_scratch);
	assert_string_equal(out, "server.17=0.0.0.0:0:1:participant\n"
	                         "server.18=0.0.0.0:0:1:participant\n"
	                         "server.19=0.0.0.0:0:1:observer\nversion=4");
	assert_true(members_from_text(out, len, &back, &learned, &kit_scratch));
	assert_true(members_same_list(&m, &back));
	assert_int_equal(learned.count, 3);
	memset(&m, 0, sizeof(m));
	assert_int_equal(members_text(&m, &h, out, sizeof(out), &kit_scratch), 0);
}

/* A priority of 0 is not printed: without priorities the bytes are ZooKeeper's. */
static void
test_priorities(void **state)
{
	static struct members_hints h;
	struct members m, back;
	char out[1024];
	size_t len;

	(void)state;
	kit_members(&m, &h, 17, 3, KIT_OBSERVER);
	m.list[1].priority = MEMBERS_PRIORITY_MAX;
	len = members_text(&m, NULL, out, sizeof(out), &kit_scratch);
	assert_string_equal(out, "server.17=0.0.0.0:0:1:participant\n"
	                         "server.18=0.0.0.0:0:1:participant\n"
	                         "server.19=0.0.0.0:0:1:observer\n"
	                         "priority.18=1000000\nversion=4");
	assert_true(members_from_text(out, len, &back, NULL, &kit_scratch));
	assert_true(members_same_list(&m, &back));
	m.list[0].priority = 1;
	assert_false(members_same_list(&m, &back));
	assert_int_not_equal(members_digest(&m), members_digest(&back));
	len = members_text(&m, NULL, out, sizeof(out), &kit_scratch);
	assert_true(members_from_text(out, len, &back, NULL, &kit_scratch));
	assert_true(members_same_list(&m, &back));
}

static void
test_from_text_refused(void **state)
{
	static const char *const texts[] = {
	    "server.1=a:1:2",
	    "server.1=a:1:2\nversion=0",
	    "server.1=a:1:2\nversion=-3",
	    "server.1=a:1:2\nversion=80000000",
	    "server.1=a:1:2\nname=x\nversion=1",
	    "server.1=a:1:2\npriority.1=0\nversion=1",
	    "server.1=a:1:2\npriority.1=-1\nversion=1",
	    "server.1=a:1:2\npriority.1=1000001\nversion=1",
	    "server.1=a:1:2\npriority.1=x\nversion=1",
	    "server.1=a:1:2\npriority.2=1\nversion=1",
	    ("server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2:observer\npriority.3=1\n"
	     "version=1"),
	    "server.1=a:1:2:observer\nversion=1",
	    "version=1",
	};
	static struct members_hints learned;
	struct members m, before;

	(void)state;
	memset(&m, 0x55, sizeof(m));
	before = m;
	for (unsigned i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (members_from_text(texts[i], strlen(texts[i]), &m, &learned,
		                      &kit_scratch))
			fail_msg("%s", texts[i]);
	}
	assert_memory_equal(&m, &before, sizeof(m));
	assert_int_equal(learned.count, 0);
}

/* A host of others that another text could not print is not kept, the member is. */
static void
test_hostile_host(void **state)
{
	static const char text[] =
	    "server.1=a\\nserver.9\\=b:1:2\nserver.2=b:1:2\nversion=1";
	static struct members_hints learned;
	struct members m;

	(void)state;
	assert_true(members_from_text(text, strlen(text), &m, &learned, &kit_scratch));
	assert_int_equal(m.count, 2);
	assert_null(members_hint_get(&learned, 1));
	assert_string_equal(members_hint_get(&learned, 2), "b:1:2");
}

static unsigned char bytes[2 * QCONFIG_TEXT_MAX];

static size_t
encoded(const struct members *m, const struct members_hints *h)
{
	struct buf_out b;

	buf_out_init(&b, bytes, sizeof(bytes));
	members_put(&b, m, h, &kit_scratch);
	assert_false(b.bad);
	return b.len;
}

static bool
decodes(size_t len, struct members *out, struct members_hints *learned, size_t *used)
{
	struct buf_in b;
	bool good;

	buf_in_init(&b, bytes, len);
	good = members_get(&b, out, learned, &kit_scratch);
	*used = b.pos;
	return good;
}

static void
test_round_trip(void **state)
{
	static const unsigned counts[] = {1, 3, 7, MEMBERS_MAX};
	static struct members_hints h, learned;
	struct members m, back;
	size_t len, used;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		for (int kind = KIT_PLAIN; kind <= KIT_OBSERVER; kind++) {
			if (kind == KIT_OBSERVER && counts[i] < 3)
				continue;
			memset(&h, 0, sizeof(h));
			memset(&learned, 0, sizeof(learned));
			kit_members(&m, &h, 1 + i, counts[i], (enum kit_kind)kind);
			len = encoded(&m, &h);
			memset(&back, 0xee, sizeof(back));
			assert_true(decodes(len, &back, &learned, &used));
			assert_int_equal(used, len);
			assert_true(members_equal(&m, &back));
			assert_memory_equal(&m, &back, sizeof(m));
			assert_int_equal(learned.count, counts[i]);
			for (unsigned k = 0; k < counts[i]; k++)
				assert_string_equal(
				    members_hint_get(&learned, m.list[k].sid),
				    members_hint_get(&h, m.list[k].sid));
		}
	}
}

static void
test_none(void **state)
{
	static const struct members none;
	struct members back;
	size_t used;

	(void)state;
	assert_int_equal(encoded(&none, NULL), 8);
	memset(&back, 0xee, sizeof(back));
	assert_true(decodes(8, &back, NULL, &used));
	assert_memory_equal(&back, &none, sizeof(back));
	bytes[7] = 1; /* an instance of nobody */
	memset(bytes + 8, 1, 24);
	assert_false(decodes(32, &back, NULL, &used));
}

/* Each cut, each longer length, and too little room. */
static void
test_torn(void **state)
{
	static struct members_hints h;
	struct members m, back, before;
	struct buf_out b;
	size_t len, used;

	(void)state;
	kit_members(&m, &h, 1, 3, KIT_GROUPS);
	len = encoded(&m, &h);
	memset(&back, 0x55, sizeof(back));
	before = back;
	for (size_t cut = 0; cut < len; cut++)
		assert_false(decodes(cut, &back, NULL, &used));
	for (size_t cap = 0; cap < len; cap++) {
		buf_out_init(&b, bytes, cap);
		members_put(&b, &m, &h, &kit_scratch);
		assert_true(b.bad);
	}
	for (unsigned at = 0; at < 4; at++) { /* the length of the text */
		len = encoded(&m, &h);
		bytes[at] ^= 0x81;
		assert_false(decodes(len, &back, NULL, &used));
	}
	assert_memory_equal(&back, &before, sizeof(back));
}

/* What follows the text: how many voters, who, with which disk. */
static void
test_hostile_instances(void **state)
{
	static struct members_hints h;
	struct members m, back;
	size_t len, used, at;

	(void)state;
	kit_members(&m, &h, 1, 4, KIT_OBSERVER);
	len = encoded(&m, &h);
	at = len - 3 * 24; /* of three voters */
	assert_true(decodes(len, &back, NULL, &used));
	bytes[at - 1] = 2; /* fewer than there are */
	assert_false(decodes(len, &back, NULL, &used));
	bytes[at - 1] = 4;
	memset(bytes + len, 9, 24);
	assert_false(decodes(len + 24, &back, NULL, &used));
	bytes[at - 1] = 3;
	bytes[at - 4] = 0xff;
	assert_false(decodes(len, &back, NULL, &used));
	bytes[at - 4] = 0;
	bytes[at + 7] = 2; /* one twice */
	assert_false(decodes(len, &back, NULL, &used));
	bytes[at + 7] = 9; /* nobody */
	assert_false(decodes(len, &back, NULL, &used));
	bytes[at + 7] = 4; /* the observer */
	assert_false(decodes(len, &back, NULL, &used));
	bytes[at + 7] = 1;
	assert_true(decodes(len, &back, NULL, &used));
	memset(bytes + at + 8, 0, 16); /* no disk */
	assert_false(decodes(len, &back, NULL, &used));
	bytes[at + 8] = 1;
	assert_true(decodes(len, &back, NULL, &used));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_hints),
	    cmocka_unit_test(test_bad_hints),
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_priorities),
	    cmocka_unit_test(test_from_text_refused),
	    cmocka_unit_test(test_hostile_host),
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_none),
	    cmocka_unit_test(test_torn),
	    cmocka_unit_test(test_hostile_instances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
