/* elector/elect is one block of memory: a core that is copied in the middle of an
 * election goes on exactly as the original does, byte for byte. */
#include "elector/elect_core.h"
#include "tests/unit/test_elect_lab.h"

#include <stdlib.h>

#define STEPS 400

static uint64_t seed;

static unsigned
pick(unsigned below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % below;
}

/* Any event; the whole of it is filled with zeros first. */
static void
make_event(struct lab *lab, struct elect_event *ev)
{
	static const struct {
		enum elect_event_type type;
		unsigned below; /* of 64 */
	} types[] = {{ELECT_EV_ABSENT, 1}, {ELECT_EV_AGAIN, 2}, {ELECT_EV_SYNCED, 6},
	             {ELECT_EV_LOOK, 9},   {ELECT_EV_ROLE, 10}, {ELECT_EV_LINK, 16},
	             {ELECT_EV_DUE, 28},   {ELECT_EV_NOTIF, 64}};
	unsigned kind = pick(64), at = 0;

	while (kind >= types[at].below)
		at++;
	memset(ev, 0, sizeof(*ev));
	lab->now_ms += pick(150);
	ev->type = types[at].type;
	ev->now_ms = lab->now_ms;
	ev->sid = 1 + (int64_t)pick(6);
	ev->serial = lab_serial(lab->words += pick(2));
	ev->vote.leader = 1 + (int64_t)pick(5);
	if (pick(2))
		ev->vote.leader = 5;
	ev->vote.zxid = (int64_t)pick(2);
	ev->vote.round = lab_view(lab).clock + (int64_t)(pick(8) == 0);
	ev->vote.state = pick(2) ? NOTIF_LOOKING : (int32_t)pick(4);
	ev->look.serial = ev->serial;
	ev->look.zxid = (int64_t)pick(3);
	ev->look.gave_up = pick(2);
	ev->look.leader = ev->vote.leader;
	ev->link = pick(2) ? MSG_LINK_UP : MSG_LINK_DOWN;
	ev->reason = pick(2) ? MSG_REASON_REFUSED : MSG_REASON_EOF;
	ev->was_up = pick(2);
	ev->notif.vote = ev->vote;
}

static void
assert_alike(const struct elect *a, const struct elect *b)
{
	assert_memory_equal(a, b, sizeof(*a));
	assert_int_equal(elect_due_ms(a), elect_due_ms(b));
}

static void
play(bool ours, uint64_t from, unsigned *decided)
{
	static struct lab lab;
	static struct elect_actions out;
	struct elect *copy = malloc(sizeof(*copy));
	unsigned copy_at = 0;

	assert_non_null(copy);
	seed = from;
	lab_prepare(&lab, 1 + (int64_t)pick(5), 5, ours);
	lab_start(&lab);
	lab_look(&lab, 1, 0);
	memset(&out, 0, sizeof(out));
	memset(&lab.out, 0, sizeof(lab.out));
	for (unsigned i = 0; i < STEPS; i++) {
		struct elect_event ev;

		if (i == copy_at) { /* now and then, whatever is going on */
			memcpy(copy, lab.e, sizeof(*copy));
			copy_at += 1 + pick(40);
		}
		make_event(&lab, &ev);
		elect_step(lab.e, &ev, &lab.out);
		elect_step(copy, &ev, &out);
		assert_int_equal(out.count, lab.out.count);
		assert_memory_equal(out.list, lab.out.list,
		                    out.count * sizeof(out.list[0]));
		assert_alike(lab.e, copy);
		*decided += lab_count(&lab, ELECT_ACT_DECIDED);
	}
	lab_end(&lab);
	free(copy);
}

static void
test_copy(void **state)
{
	unsigned decided = 0;

	(void)state;
	for (uint64_t i = 1; i <= 200; i++)
		play(i % 2, i, &decided);
	assert_true(decided > 200); /* elections do end among them */
}

/* Two that are made alike and told the same are equal, too. */
static void
test_equal(void **state)
{
	static struct lab a, b;
	struct elect_event ev;

	(void)state;
	lab_prepare(&a, 2, 5, true);
	lab_start(&a);
	b = a;
	lab_start(&b);
	assert_alike(a.e, b.e);
	seed = 9;
	for (unsigned i = 0; i < STEPS; i++) {
		make_event(&a, &ev);
		elect_step(a.e, &ev, &a.out);
		elect_step(b.e, &ev, &b.out);
		assert_alike(a.e, b.e);
	}
	lab_end(&a);
	lab_end(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_copy),
	    cmocka_unit_test(test_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
