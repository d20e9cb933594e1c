/* wire/members: what a membership is, how it counts, what is equal. */
#include "wire/members.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

static void
test_equal(void **state)
{
	struct members a = made(three), b = made(three);
	struct members_record one, other;

	(void)state;
	assert_true(members_equal(&a, &b));
	b.list[1].instance.bytes[0] = 1;
	assert_false(members_equal(&a, &b));
	assert_true(members_same_list(&a, &b));
	b = a;
	b.version = 2;
	assert_false(members_equal(&a, &b));
	assert_true(members_same_list(&a, &b));
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_from_qconfig),
	    cmocka_unit_test(test_counting),
	    cmocka_unit_test(test_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
