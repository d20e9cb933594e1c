/* wire/members: what a membership is, how it counts, what is equal. */
#include "wire/members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *const three = "server.1=a:1:2:participant\n"
				 "server.2=b:1:2:participant\n"
				 "server.3=c:1:2:participant\n";

static bool
reads(const char *text, struct members *out)
{
	static struct qconfig c;

	assert_int_equal(qconfig_parse(text, strlen(text), true, &c), QCONFIG_OK);
	return members_from_qconfig(&c, out);
}

static struct members
made(const char *text)
{
	struct members m;

	assert_true(reads(text, &m));
	return m;
}

static struct members_id
id_of(int64_t sid, unsigned char instance)
{
	struct members_id id;

	memset(&id, 0, sizeof(id));
	id.sid = sid;
	id.instance.bytes[7] = instance;
	return id;
}

static void
test_from_qconfig(void **state)
{
	struct members m =
	    made("server.9=a:1:2:observer\nserver.10=b:1:2\nserver.2=c:1:2\n"
	         "version=1f\n");

	(void)state;
	assert_int_equal(m.version, 31);
	assert_int_equal(m.count, 3);
	assert_false(m.hierarchical);
	assert_int_equal(m.list[0].sid, 2);
	assert_int_equal(m.list[0].weight, 1);
	assert_int_equal(m.list[1].sid, 9);
	assert_int_equal(m.list[1].weight, 0);
	assert_true(m.list[1].observer);
	assert_int_equal(m.list[2].sid, 10);
	assert_ptr_equal(members_find(&m, 10), &m.list[2]);
	assert_null(members_find(&m, 0));
	assert_true(members_instance_none(&m.list[0].instance));
	assert_true(members_may_lead(&m, 2));
	assert_false(members_may_lead(&m, 9));
	assert_false(members_may_lead(&m, 3));
	assert_int_equal(made(three).version, 1);
}

/* A voter counts with its instance, and once. */
static void
test_counting(void **state)
{
	struct members m = made(three);
	struct members_id ids[6];

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		m.list[i].instance.bytes[7] = (unsigned char)(i + 1);
	ids[0] = id_of(1, 1);
	ids[1] = id_of(1, 1);
	ids[2] = id_of(2, 3);
	ids[3] = id_of(4, 1);
	assert_true(members_is_voter(&m, &ids[0]));
	assert_false(members_is_voter(&m, &ids[2]));
	assert_false(members_is_voter(&m, &ids[3]));
	assert_false(members_is_quorum(&m, ids, 4));
	ids[4] = id_of(3, 3);
	assert_true(members_is_quorum(&m, ids, 5));
	assert_false(members_is_all(&m, ids, 5));
	ids[5] = id_of(2, 2);
	assert_true(members_is_all(&m, ids, 6));
	assert_false(members_is_quorum(&m, ids, 0));
}

/* Two texts that say the same give the same bytes, whatever was there. */
static void
test_bytes(void **state)
{
	static const char *const texts[] = {
	    "server.3=a:1:2\nserver.1=b:1:2\nserver.2=c:1:2\ngroup.1=3:1\ngroup.2=2\n"
	    "weight.2=5\n",
	    "group.2=2\ngroup.1=1:3\nweight.2=5\nweight.1=1\nserver.1=x:7:8\n"
	    "server.2=y:7:8\nserver.3=z:7:8\nversion=1\n",
	};
	struct members m[2];

	(void)state;
	memset(&m[0], 0x11, sizeof(m[0]));
	memset(&m[1], 0xee, sizeof(m[1]));
	assert_true(reads(texts[0], &m[0]));
	assert_true(reads(texts[1], &m[1]));
	assert_memory_equal(&m[0], &m[1], sizeof(m[0]));
	assert_true(m[0].hierarchical);
	assert_int_equal(m[0].list[1].weight, 5);
	assert_int_equal(m[0].list[1].group, 2);
}

static void
test_refused(void **state)
{
	static const char *const texts[] = {
	    "",
	    "server.-1=a:1:2\nserver.2=b:1:2\n",
	    "server.4611686018427387905=a:1:2\n",
	    "server.1=a:1:2\nversion=80000000\n",
	    "server.1=a:1:2\nversion=-1\n",
	    "server.1=a:1:2\ngroup.1=1\nweight.1=-1\n",
	    "server.1=a:1:2\ngroup.1=1\nweight.1=0\n",
	    "server.1=a:1:2\ngroup.-1=1\n",
	    "server.1=a:1:2\ngroup.4611686018427387905=1\n",
	    "server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1:2\n"
	    "weight.1=9223372036854775807\nweight.2=1\n",
	    "server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\ngroup.1=1:2:3\n"
	    "weight.1=9223372036854775807\nweight.2=9223372036854775807\nweight.3=5\n",
	    /* of nobody, of an observer, twice, empty */
	    "server.1=a:1:2\ngroup.1=1:7\nweight.7=1\n",
	    "server.1=a:1:2\ngroup.1=1\nweight.7=1\n",
	    "server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2:observer\n"
	    "group.1=1:2:3\nweight.3=1\n",
	    "server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2:observer\n"
	    "group.1=1:2\nweight.3=1\n",
	    "server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1\ngroup.01=2\n",
	    "server.1=a:1:2\ngroup.1=1\ngroup.2=:\n",
	};
	struct members m;
	static const struct members none;

	(void)state;
	for (unsigned i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		memset(&m, 0xee, sizeof(m));
		if (reads(texts[i], &m))
			fail_msg("%s", texts[i]);
		assert_memory_equal(&m, &none, sizeof(m));
	}
	/* the ends of the ranges */
	m = made("server.0=a:1:2\nserver.4611686018427387904=a:1:2\n"
	         "group.0=0\ngroup.4611686018427387904=4611686018427387904\n"
	         "weight.0=0\nweight.4611686018427387904=9223372036854775807\n"
	         "version=7fffffff\n");
	assert_int_equal(m.version, INT32_MAX);
	assert_false(members_may_lead(&m, 0));
	assert_true(members_may_lead(&m, INT64_C(1) << 62));
}

/* What qconfig_parse never makes, and a caller might. */
static void
test_refused_structs(void **state)
{
	static struct qconfig c;
	struct members m;

	(void)state;
	for (unsigned n = MEMBERS_MAX; n <= MEMBERS_MAX + 1; n++) {
		memset(&c, 0, sizeof(c));
		c.server_count = n;
		for (unsigned i = 0; i < n; i++)
			c.servers[i].sid = i;
		assert_int_equal(members_from_qconfig(&c, &m), n <= MEMBERS_MAX);
	}
	c.server_count = 2;
	c.servers[1].sid = 0;
	assert_false(members_from_qconfig(&c, &m)); /* a sid twice */
	c.servers[1].sid = 1;
	assert_true(members_from_qconfig(&c, &m));
	c.servers[1].observer = true;
	assert_false(members_from_qconfig(&c, &m)); /* of a single voter */
	c.servers[0].observer = true;
	assert_false(members_from_qconfig(&c, &m));
	c.servers[0].observer = c.servers[1].observer = false;
	c.hierarchical = true;
	assert_false(members_from_qconfig(&c, &m)); /* voters without a group */
	c.hierarchical = false;
	c.weight_count = 2;
	c.weights[0] = (struct qconfig_weight){0, 1};
	c.weights[1] = (struct qconfig_weight){1, 1};
	assert_false(members_from_qconfig(&c, &m)); /* weights without groups */
}

static void
test_equal(void **state)
{
	static const char *const text = "server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1:2\n";
	struct members a = made(text);

	(void)state;
	for (unsigned what = 0; what <= 9; what++) {
		struct members b = a;

		switch (what) {
		case 0:
			break;
		case 1:
			b.version++;
			break;
		case 2:
			b.list[1].instance.bytes[15]++;
			break;
		case 3:
			b.list[1].sid++;
			break;
		case 4:
			b.list[1].weight++;
			break;
		case 5:
			b.list[1].group++;
			break;
		case 6:
			b.list[1].observer = true;
			break;
		case 7:
			b.hierarchical = false;
			break;
		case 8:
			b.count--;
			break;
		case 9:
			b.list[1].priority++;
			break;
		}
		assert_int_equal(members_equal(&a, &b), what == 0);
		assert_int_equal(members_same_list(&a, &b), what <= 2);
		assert_int_equal(members_digest(&a) == members_digest(&b),
		                 what == 0 || what == 2);
	}
}

static void
test_same_record(void **state)
{
	struct members a = made(three), b = made(three);
	struct members_record one, other;

	(void)state;
	b.list[0].instance.bytes[0] = 1;
	memset(&one, 0, sizeof(one));
	memset(&other, 0, sizeof(other));
	one.new = other.new = a;
	one.epoch = 7;
	assert_true(members_same_record(&one, &other));
	one.old = b;
	assert_false(members_same_record(&one, &other));
	other.old = b;
	assert_true(members_same_record(&one, &other));
	other.new = b;
	assert_false(members_same_record(&one, &other));
}

/* All servers of a version compute it, so that it never changes. */
static void
test_digest(void **state)
{
	static const struct members none;
	struct members m =
	    made("server.1=a:1:2\nserver.2=b:1:2\nserver.9=c:1:2:observer\n"
	         "group.4=1\ngroup.5=2\nweight.1=3\nversion=a\n");

	(void)state;
	assert_true(members_digest(&none) == 0x81d23fd7003c2305);
	assert_true(members_digest(&m) == 0x2df67e3746d85ac5);
}

static uint64_t seed = 88172645463325252;

static unsigned
below(unsigned bound)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)((seed >> 11) % bound);
}

/* Servers with sids from 1 on, of which the last may be observers; returns how many. */
static unsigned
some_config(struct qconfig *c)
{
	unsigned voters = 1 + below(7), observers = voters > 1 ? below(3) : 0;
	unsigned groups = below(4);
	char text[1024];
	int len = 0;

	for (unsigned i = 1; i <= voters + observers; i++)
		len += sprintf(text + len, "server.%u=h:1:2:%s\n", i,
		               i <= voters ? "participant" : "observer");
	for (unsigned g = 1; g <= groups; g++) {
		char separator = '=';

		for (unsigned i = 1; i <= voters; i++) {
			if (1 + i * 7 % 5 % groups != g)
				continue;
			if (separator == '=')
				len += sprintf(text + len, "group.%u", g);
			len += sprintf(text + len, "%c%u", separator, i);
			separator = ':';
		}
		text[len++] = '\n';
	}
	for (unsigned i = 1; groups > 0 && i <= voters; i++) {
		if (below(4) > 0)
			len += sprintf(text + len, "weight.%u=%u\n", i, below(4));
	}
	assert_int_equal(qconfig_parse(text, (size_t)len, true, c), QCONFIG_OK);
	return voters + observers;
}

/* Every set of the servers, and of one that is none. */
static void
compare_sets(const struct members *m, const struct quorum *q, unsigned servers)
{
	unsigned voters = members_voter_count(m);
	struct quorum own;

	members_quorum(m, &own);
	assert_int_equal(own.hierarchical, q->hierarchical);
	assert_int_equal(own.voter_count, q->voter_count);
	assert_int_equal(own.counted_groups, q->counted_groups);
	assert_int_equal(own.group_count, q->group_count);
	assert_memory_equal(own.voters, q->voters, voters * sizeof(int64_t));
	assert_int_equal(quorum_smallest(&own), quorum_smallest(q));
	for (unsigned set = 0; set < 2U << servers; set++) {
		int64_t sids[16];
		struct members_id ids[16];
		unsigned count = 0;

		for (unsigned i = 0; i <= servers; i++) {
			if (!(set >> i & 1))
				continue;
			sids[count] = i + 1;
			ids[count++] = id_of(i + 1, (unsigned char)(i + 1));
		}
		assert_int_equal(quorum_has(&own, sids, count),
		                 quorum_has(q, sids, count));
		assert_int_equal(members_is_quorum(m, ids, count),
		                 quorum_has(q, sids, count));
		assert_int_equal(members_is_all(m, ids, count),
		                 (set & ((1U << voters) - 1)) == (1U << voters) - 1);
	}
	for (unsigned i = 0; i <= servers; i++) {
		int64_t have = -1, want = -1;

		assert_int_equal(members_may_lead(m, i + 1), quorum_may_lead(q, i + 1));
		assert_int_equal(quorum_weight(&own, i + 1, &have),
		                 quorum_weight(q, i + 1, &want));
		assert_int_equal(have, want);
	}
}

/* An observer is in no quorum, even where it is known with a disk. */
static void
test_observer(void **state)
{
	struct members m =
	    made("server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2:observer\n");
	struct members_id ids[] = {id_of(1, 1), id_of(3, 1)};

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		m.list[i].instance = ids[0].instance;
	assert_false(members_is_voter(&m, &ids[1]));
	assert_false(members_is_quorum(&m, ids, 2));
	assert_false(members_is_all(&m, ids, 2));
	ids[1].sid = 2;
	assert_true(members_is_voter(&m, &ids[1]));
	assert_true(members_is_quorum(&m, ids, 2));
	assert_true(members_is_all(&m, ids, 2));
}

static void
test_counts_like_quorum(void **state)
{
	static struct qconfig c;
	unsigned hierarchical = 0;

	(void)state;
	for (unsigned n = 0; n < 2000; n++) {
		unsigned servers = some_config(&c);
		struct quorum q;
		struct members m;

		assert_int_equal(quorum_init(&q, &c), 0);
		if (!members_from_qconfig(&c, &m)) {
			/* nobody has a weight */
			assert_int_equal(quorum_smallest(&q), 0);
			continue;
		}
		for (unsigned i = 0; i < m.count; i++)
			if (!m.list[i].observer)
				m.list[i].instance =
				    id_of(0, (unsigned char)(i + 1)).instance;
		compare_sets(&m, &q, servers);
		hierarchical += m.hierarchical;
	}
	assert_in_range(hierarchical, 500, 1900);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_from_qconfig),
	    cmocka_unit_test(test_bytes),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_refused_structs),
	    cmocka_unit_test(test_counting),
	    cmocka_unit_test(test_observer),
	    cmocka_unit_test(test_counts_like_quorum),
	    cmocka_unit_test(test_equal),
	    cmocka_unit_test(test_same_record),
	    cmocka_unit_test(test_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
