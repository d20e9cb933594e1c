/* The text of `membership`: what a person reads, what comes back, and what is refused. */
#include "peer/membership.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD                                                                             \
	"conclave membership 1\nnumber 7\nfolder inode 262146 born "                     \
	"1764537600.000000005\n"                                                         \
	"instance 00112233445566778899aabbccddeeff\nmay_found no\n"
#define ONE "instance 00112233445566778899aabbccddeeff\n"
#define TWO "instance ff000000000000000000000000000001\n"

static struct members_hints hints, hints_again;
static struct membership found;

static bool
take(const char *text)
{
	return membership_take(text, strlen(text), &found, &hints_again);
}

/* It is read, and written back alike. */
static void
is_text(const char *text)
{
	static char out[MEMBERSHIP_SLOT];
	size_t len;

	assert_true(take(text));
	len = membership_put(&found, &hints_again, out);
	assert_int_equal(len, strlen(text));
	assert_memory_equal(out, text, len);
}

static void
without_a_record(void **state)
{
	(void)state;
	is_text(HEAD "epoch 0\n");
	assert_int_equal(found.number, 7);
	assert_int_equal(found.folder.inode, 262146);
	assert_true(found.folder.born_s == 1764537600 && found.folder.born_ns == 5);
	assert_int_equal(found.instance.bytes[0], 0);
	assert_int_equal(found.instance.bytes[1], 0x11);
	assert_int_equal(found.instance.bytes[15], 0xff);
	assert_false(found.may_found);
	assert_int_equal(found.record.epoch, 0);
	assert_int_equal(found.record.new.version, 0);
	assert_int_equal(hints_again.count, 0);
	is_text("conclave membership 1\nnumber 18446744073709551615\nfolder inode 1 born "
	        "0.000000000\ninstance 00112233445566778899aabbccddeeff\nmay_found "
	        "yes\nepoch 0\naddress 3 10.0.0.3:2888:3888\n");
	assert_true(found.may_found && found.number == UINT64_MAX);
	assert_string_equal(members_hint_get(&hints_again, 3), "10.0.0.3:2888:3888");
}

static void
a_record(void **state)
{
	const struct members *new = &found.record.new;

	(void)state;
	is_text(HEAD "epoch 12\nnew version 3 servers 3\n"
	             "server 0 participant weight 1 " ONE
	             "server 2 participant weight 0 " TWO "server 9 observer\n"
	             "address 0 10.0.0.1:2888:3888\n"
	             "address 9 10.0.1.9:2888:3888|10.1.1.9:2888:3888\n");
	assert_int_equal(found.record.epoch, 12);
	assert_int_equal(found.record.old.version, 0);
	assert_int_equal(new->version, 3);
	assert_int_equal(new->count, 3);
	assert_false(new->hierarchical);
	assert_true(members_may_lead(new, 0) && !members_may_lead(new, 2));
	assert_true(members_find(new, 9)->observer);
	assert_int_equal(new->list[1].instance.bytes[0], 0xff);
	assert_int_equal(hints_again.count, 2);
}

static void
a_joint_record_with_groups(void **state)
{
	(void)state;
	is_text(HEAD "epoch 2147483647\nold version 1 servers 1\n"
	             "server 1 participant weight 1 " ONE
	             "new version 2147483647 servers 2 in groups\n"
	             "server 1 participant weight 2 group 0 " ONE
	             "server 4611686018427387904 participant weight 1 group 7 " TWO);
	assert_int_equal(found.record.old.version, 1);
	assert_true(found.record.new.hierarchical);
	assert_true(found.record.new.list[1].has_group);
	assert_int_equal(found.record.new.list[1].group, 7);
	assert_int_equal(found.record.new.list[1].sid, 4611686018427387904);
}

static void
a_record_with_priorities(void **state)
{
	(void)state;
	is_text(HEAD "epoch 12\nold version 2 servers 1\n"
	             "server 1 participant weight 1 priority 1000000 " ONE
	             "new version 3 servers 2 in groups\n"
	             "server 1 participant weight 1 group 0 priority 5 " ONE
	             "server 2 participant weight 1 group 0 " TWO);
	assert_int_equal(found.record.old.list[0].priority, 1000000);
	assert_int_equal(found.record.new.list[0].priority, 5);
	assert_int_equal(found.record.new.list[1].priority, 0);
}

static const char *const bad[] = {
    "",
    "x\n",
    HEAD,
    HEAD "epoch 0",
    HEAD "epoch 0\n\n",
    HEAD "epoch 0 \n",
    HEAD "epoch 0\nmore 1\n",
    HEAD "epoch 00\n",
    HEAD "epoch -1\n",
    /* a record without members, members without a record, an old one alone */
    HEAD "epoch 3\n",
    HEAD "epoch 0\nnew version 1 servers 1\nserver 1 participant weight 1 " ONE,
    HEAD "epoch 3\nold version 1 servers 1\nserver 1 participant weight 1 " ONE,
    /* none, too few, too many, in another order, twice */
    HEAD "epoch 3\nnew version 1 servers 0\n",
    HEAD "epoch 3\nnew version 1 servers 2\nserver 1 participant weight 1 " ONE,
    HEAD "epoch 3\nnew version 1 servers 1\nserver 1 participant weight 1 " ONE
	 "server 2 participant weight 1 " TWO,
    HEAD "epoch 3\nnew version 1 servers 33\nserver 1 participant weight 1 " ONE,
    HEAD "epoch 3\nnew version 1 servers 2\nserver 2 participant weight 1 " ONE
	 "server 1 participant weight 1 " TWO,
    HEAD "epoch 3\nnew version 1 servers 2\nserver 1 participant weight 1 " ONE
	 "server 1 participant weight 1 " ONE,
    HEAD "epoch 3\nnew version 0 servers 1\nserver 1 participant weight 1 " ONE,
    HEAD "epoch 3\nnew version 2147483648 servers 1\nserver 1 participant weight "
	 "1 " ONE,
    HEAD "epoch 3\nnew version 1 servers 1\nserver 1 participant weight -1 " ONE,
    HEAD "epoch 3\nnew version 1 servers 1\nserver 1 participant weight 1 priority 0 "
	 "" ONE,
    HEAD "epoch 3\nnew version 1 servers 1\nserver 1 participant weight 1 priority "
	 "1000001 " ONE,
    HEAD "epoch 3\nnew version 1 servers 1\nserver 1 participant weight 1 priority -1 "
	 "" ONE,
    HEAD "epoch 3\nnew version 1 servers 1\nserver 1 participant priority 1 weight 1 "
	 "" ONE,
    HEAD "epoch 3\nnew version 1 servers 1\nserver 1 participant weight 1 weight 1 "
	 "" ONE,
    HEAD "epoch 3\nnew version 1 servers 2\nserver 1 participant weight 1 " ONE
	 "server 2 observer priority 1\n",
    HEAD "epoch 3\nnew version 1 servers 1\nserver -1 participant weight 1 " ONE,
    HEAD "epoch 3\nnew version 1 servers 1\nserver 1 leader weight 1 " ONE,
    HEAD "epoch 3\nnew version 1 servers 1\nserver 1 participant weight 1\n",
    HEAD "epoch 3\nnew version 1 servers 1\nserver 1 participant weight 1 "
	 "instance 0011\n",
    HEAD "epoch 3\nnew version 1 servers 1\nserver 1 participant weight 1 group 1 "
	 "" ONE,
    HEAD "epoch 3\nnew version 1 servers 1 in groups\nserver 1 participant weight "
	 "1 " ONE,
    HEAD "epoch 0\naddress 1 10.0.0.1\n",
    HEAD "epoch 0\naddress 1 10.0.0.1:1:2\naddress 1 10.0.0.2:1:2\n",
    "conclave membership 2\nnumber 1\nfolder inode 1 born 0.000000000\n" ONE
    "may_found no\nepoch 0\n",
    "conclave membership 1\nnumber 0\nfolder inode 1 born 0.000000000\n" ONE
    "may_found no\nepoch 0\n",
    "conclave membership 1\nnumber 1\nfolder inode 1 born 0.000000000\n" ONE
    "may_found maybe\nepoch 0\n",
    "conclave membership 1\nnumber 1\nfolder inode 1 born 0.0\n" ONE
    "may_found no\nepoch 0\n",
    "conclave membership 1\nnumber 1\nfolder inode 1 born 0.000000000\n"
    "instance 00000000000000000000000000000000\nmay_found no\nepoch 0\n",
    "conclave membership 1\nnumber 1\nfolder inode 1 born 0.000000000\n"
    "instance 00112233445566778899AABBCCDDEEFF\nmay_found no\nepoch 0\n",
};

static void
what_is_refused(void **state)
{
	char longest[2048] = HEAD "epoch 0\naddress 1 ";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (take(bad[i]))
			fail_msg("it is read:\n%s", bad[i]);
	memset(longest + strlen(longest), 'a', sizeof(longest) - 1 - strlen(longest));
	longest[sizeof(longest) - 2] = '\n';
	assert_false(take(longest));
	is_text(HEAD "epoch 0\n");
}

/* Every single changed, missing or added byte: another record, or none. */
static void
each_byte_counts(void **state)
{
	static const char text[] =
	    HEAD "epoch 12\nnew version 3 servers 2\n"
		 "server 0 participant weight 1 " ONE
		 "server 2 observer\naddress 2 10.0.0.1:2888:3888\n";
	char changed[sizeof(text) + 1], out[MEMBERSHIP_SLOT];

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		for (int byte = 0; byte < 256; byte++) {
			memcpy(changed, text, sizeof(text));
			changed[i] = (char)byte;
			if (!membership_take(changed, sizeof(text) - 1, &found,
			                     &hints_again))
				continue;
			assert_int_equal(membership_put(&found, &hints_again, out),
			                 sizeof(text) - 1);
			assert_memory_equal(out, changed, sizeof(text) - 1);
		}
		memcpy(changed, text, i);
		memcpy(changed + i, text + i + 1, sizeof(text) - 1 - i);
		if (membership_take(changed, sizeof(text) - 2, &found, &hints_again))
			assert_int_equal(membership_put(&found, &hints_again, out),
			                 sizeof(text) - 2);
	}
}

static void
fill(struct members *m)
{
	m->version = MEMBERS_VERSION_MAX;
	m->hierarchical = true;
	m->count = MEMBERS_MAX;
	for (unsigned i = 0; i < MEMBERS_MAX; i++) {
		m->list[i].sid = MEMBERS_SID_MAX - MEMBERS_MAX + 1 + i;
		m->list[i].weight = INT64_MAX;
		m->list[i].group = INT64_MAX;
		m->list[i].has_group = true;
		memset(&m->list[i].instance, 0xee, sizeof(m->list[i].instance));
	}
}

/* The largest of all fits; of the addresses the newest that still do. */
static void
the_largest(void **state)
{
	static struct membership big;
	static char out[MEMBERSHIP_SLOT];
	char name[256] = "";
	char address[600];
	size_t len;

	(void)state;
	big.number = UINT64_MAX;
	big.folder = (struct folder_id){UINT64_MAX, INT64_MAX, 999999999};
	memset(&big.instance, 0xee, sizeof(big.instance));
	big.record.epoch = INT64_MAX;
	fill(&big.record.old);
	fill(&big.record.new);
	hints.count = 0;
	len = membership_put(&big, &hints, out);
	assert_true(membership_take(out, len, &found, &hints_again));
	assert_memory_equal(&found, &big, sizeof(big));

	for (unsigned i = 0; i < 250; i++)
		name[i] = i % 50 == 49 ? '.' : 'a';
	name[249] = 'a';
	snprintf(address, sizeof(address), "%s:2888:3888|%s:2888:3888", name, name);
	for (int64_t sid = 1; sid <= MEMBERS_HINTS_MAX; sid++)
		assert_true(members_hint_put(&hints, sid, address));
	assert_int_equal(hints.count, MEMBERS_HINTS_MAX);
	len = membership_put(&big, &hints, out);
	assert_in_range(len, SLOTS_BODY_MAX(MEMBERSHIP_SLOT) - sizeof(address),
	                SLOTS_BODY_MAX(MEMBERSHIP_SLOT));
	assert_true(membership_take(out, len, &found, &hints_again));
	assert_memory_equal(&found, &big, sizeof(big));
	assert_in_range(hints_again.count, 10, MEMBERS_HINTS_MAX - 1);
	assert_non_null(members_hint_get(&hints_again, MEMBERS_HINTS_MAX));
	assert_null(members_hint_get(&hints_again, 1));
}

static bool
same_folder(const struct folder_id *a, const struct folder_id *b)
{
	return a->inode == b->inode && a->born_s == b->born_s && a->born_ns == b->born_ns;
}

/* ---- N10: the folder ---- */

static void
a_copy_is_another_folder(void **state)
{
	char base[] = "/tmp/test_membership.XXXXXX", command[512], one[64], two[64];
	struct folder_id first, same, moved, copy;

	(void)state;
	assert_non_null(mkdtemp(base));
	snprintf(one, sizeof(one), "%s/one", base);
	snprintf(two, sizeof(two), "%s/two", base);
	assert_int_equal(folder_identify(one, &first), -ENOENT);
	snprintf(command, sizeof(command), "mkdir %s && echo x >%s/file", one, one);
	assert_int_equal(system(command), 0);
	assert_int_equal(folder_identify(one, &first), 0);
	assert_true(first.inode > 0);
	snprintf(command, sizeof(command),
	         "echo y >>%s/file && touch -d @5 %s && mv %s %s", one, one, one, two);
	assert_int_equal(system(command), 0);
	assert_int_equal(folder_identify(two, &moved), 0);
	assert_true(same_folder(&moved, &first));
	snprintf(command, sizeof(command), "cp -a %s %s && rm -r %s && mv %s %s", two,
	         one, two, one, two);
	assert_int_equal(system(command), 0);
	assert_int_equal(folder_identify(two, &copy), 0);
	assert_false(same_folder(&copy, &first));
	assert_int_equal(folder_identify(two, &same), 0);
	assert_true(same_folder(&same, &copy));
	snprintf(command, sizeof(command), "rm -r %s", base);
	assert_int_equal(system(command), 0);
}

static void
instances_differ(void **state)
{
	struct members_instance made[100];

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(folder_new_instance(&made[i]), 0);
		assert_false(members_instance_none(&made[i]));
		for (unsigned j = 0; j < i; j++)
			assert_false(members_instance_equal(&made[i], &made[j]));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_record),
	    cmocka_unit_test(a_record),
	    cmocka_unit_test(a_joint_record_with_groups),
	    cmocka_unit_test(a_record_with_priorities),
	    cmocka_unit_test(what_is_refused),
	    cmocka_unit_test(each_byte_counts),
	    cmocka_unit_test(the_largest),
	    cmocka_unit_test(a_copy_is_another_folder),
	    cmocka_unit_test(instances_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
