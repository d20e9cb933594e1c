/* The core's state is one block of memory: a copy of its bytes is a second core that goes
 * on alike, and two cores that saw the same events have the same bytes. */
#include "peer/role_impl.h"
#include "tests/unit/role_kit.h"

#include <stdlib.h>

static struct kit k;
static struct kit copy;

/* Garbage for the locals of the next call: none of it may get into the state. */
static void __attribute__((noinline)) dirty_stack(int byte)
{
	volatile char garbage[16384];

	memset((char *)garbage, byte, sizeof(garbage));
}

/* What an action borrows is in the state of its core, of which only the bytes are alike:
 * makes the one of `copy` point where that of `k` does. */
static void
check_borrowed(struct role_action *a, const struct role_action *of)
{
	const struct role *r = copy.role;

	if (a->type == ROLE_ACT_WRITE) {
		assert_ptr_equal(a->u.write, &r->epochs.record);
		a->u.write = of->u.write;
	} else if (a->type == ROLE_ACT_MEMBERS) {
		assert_ptr_equal(a->u.members.sids, r->members.sids);
		assert_ptr_equal(a->u.members.current, &role_record(r)->new);
		a->u.members = of->u.members;
	} else if (a->type == ROLE_ACT_SEND && a->u.packet.report) {
		assert_ptr_equal(a->u.packet.report, &r->members.report);
		a->u.packet.report = of->u.packet.report;
	} else if (a->type == ROLE_ACT_SEND && a->u.packet.pair) {
		assert_ptr_equal(a->u.packet.pair, &r->lead.proposed);
		a->u.packet.pair = of->u.packet.pair;
	}
}

static void
check_alike(void)
{
	assert_int_equal(k.todo.count, copy.todo.count);
	for (unsigned i = 0; i < k.todo.count; i++)
		check_borrowed(&copy.todo.list[i], &k.todo.list[i]);
	assert_memory_equal(k.todo.list, copy.todo.list,
	                    k.todo.count * sizeof(k.todo.list[0]));
	assert_memory_equal(k.role, copy.role, sizeof(struct role));
	assert_int_equal(role_due_ms(k.role), role_due_ms(copy.role));
}

static void
both(void (*say)(struct kit *to))
{
	dirty_stack(0x55);
	say(&k);
	dirty_stack(0xaa);
	say(&copy);
	check_alike();
}

static void
copy_core(void)
{
	copy = k;
	copy.role = malloc(sizeof(struct role));
	assert_non_null(copy.role);
	memcpy(copy.role, k.role, sizeof(struct role));
}

static void
begin(struct kit *to)
{
	kit_start(to, 4, 4);
}

static void
elect_3(struct kit *to)
{
	kit_decided(to, NOTIF_FOLLOWING, 3);
}

static void
link_to_3(struct kit *to)
{
	kit_up(to, 3);
}

static void
leaderinfo(struct kit *to)
{
	kit_packet(to, 3, QPACKET_LEADERINFO, (int64_t)5 << 32, QPACKET_PROTOCOL);
}

static void
written(struct kit *to)
{
	kit_written(to, 0);
}

static void
newleader(struct kit *to)
{
	kit_packet(to, 3, QPACKET_NEWLEADER, (int64_t)5 << 32, 0);
}

static void
uptodate(struct kit *to)
{
	kit_packet(to, 3, QPACKET_UPTODATE, (int64_t)5 << 32, 0);
}

static void
silence(struct kit *to)
{
	kit_pass(to, 6 * KIT_TICK);
}

static void
elect_us(struct kit *to)
{
	kit_decided(to, NOTIF_LEADING, 1);
}

static void
join_2(struct kit *to)
{
	kit_up(to, 2);
	kit_info(to, 2, QPACKET_FOLLOWERINFO, 5);
}

static void
ackepoch(struct kit *to)
{
	kit_ackepoch(to, 2, 0, 5, 6);
}

static void
ack(struct kit *to)
{
	kit_packet(to, 2, QPACKET_ACK, (int64_t)6 << 32, 0);
}

static void
lose(struct kit *to)
{
	kit_step(to, (struct role_event){.type = ROLE_EV_LOST});
	kit_step(to, (struct role_event){.type = ROLE_EV_AGAIN});
}

/* Both cores follow 3, lose it, and lead; the one is a copy of the other that is taken
 * while it follows, with NEWLEADER come and the epoch not yet on the disk. */
static void
goes_on_alike(void **state)
{
	(void)state;
	begin(&k);
	elect_3(&k);
	link_to_3(&k);
	leaderinfo(&k);
	written(&k);
	newleader(&k);
	assert_int_equal(kit_view(&k).phase, ROLE_SYNCHRONIZATION);
	copy_core();
	both(written);
	both(uptodate);
	assert_int_equal(kit_view(&copy).state, NOTIF_FOLLOWING);
	both(silence);
	both(elect_us);
	both(join_2);
	both(written);
	both(ackepoch);
	both(written);
	both(ack);
	assert_true(kit_view(&copy).active);
	both(lose);
}

static void
leader_goes_on_alike(void **state)
{
	(void)state;
	kit_start(&k, 5, 5);
	elect_us(&k);
	join_2(&k);
	written(&k);
	ackepoch(&k);
	assert_int_equal(kit_view(&k).phase, ROLE_SYNCHRONIZATION);
	copy_core();
	both(ack);
	both(written);
	assert_true(kit_view(&copy).active);
	both(lose);
}

/* From the first event on, without a copy. */
static void
has_no_garbage(void **state)
{
	(void)state;
	kit_members(&copy.members, 3, 0);
	dirty_stack(0xaa);
	kit_new(&copy, kit_config(&copy.members, 1));
	both(begin);
	both(elect_3);
	both(link_to_3);
	both(leaderinfo);
	both(written);
	both(newleader);
	both(lose);
}

static int
set_up(void **state)
{
	(void)state;
	kit_members(&k.members, 3, 0);
	dirty_stack(0x55);
	kit_new(&k, kit_config(&k.members, 1));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	role_free(k.role);
	role_free(copy.role);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(goes_on_alike, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(leader_goes_on_alike, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(has_no_garbage, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
