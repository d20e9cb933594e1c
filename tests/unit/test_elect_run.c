/* elector/elect: whole ensembles under a virtual clock and a bad network, and one core
 * under random events. Checked at every step (docs/DESIGN.md, section What must always
 * hold): S4 a decision has a quorum of equal votes of one round, S5 within a round our
 * vote only gets better, S7 nobody leads who must not; and a vote is on record before the
 * first frame that carries it. */
#include "elector/elect_core.h"
#include "tests/unit/test_elect_lab.h"

#define NODES_MAX   7
#define FLIGHTS_MAX 4096

struct node {
	struct lab lab;
	bool dead;
	bool may_lead;
	bool has_said;
	struct msg_serial said_serial;
	struct vote said;
	bool has_decided;
	struct vote decided;
	uint64_t check_ms; /* when its peer looks whether the leader leads */
};

struct flight { /* a notification on its way */
	uint64_t at_ms;
	unsigned from, to; /* places */
	struct vote vote;
};

static struct node nodes[NODES_MAX];
static unsigned node_count;
static struct flight flights[FLIGHTS_MAX];
static unsigned flight_count;
static uint64_t now_ms;
static uint64_t seed;
static unsigned loss;                          /* of 100 */
static uint64_t last_ms[NODES_MAX][NODES_MAX]; /* TCP keeps the order */

static unsigned
pick(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed % n);
}

static void
check_said(struct node *n, const struct elect_action *a)
{
	if (a->type == ELECT_ACT_BROADCAST) {
		assert_true(n->has_said && vote_same_claim(&n->said, &a->vote));
		return;
	}
	if (a->type != ELECT_ACT_STATE)
		return;
	if (n->has_said && msg_serial_compare(&n->said_serial, &a->serial) == 0 &&
	    n->said.round == a->vote.round)
		assert_true(vote_beats(1, &a->vote, &n->said) ||
		            vote_same_claim(&a->vote, &n->said)); /* S5 */
	n->has_said = true;
	n->said_serial = a->serial;
	n->said = a->vote;
}

static void
check_decided(struct node *n, const struct elect_action *a)
{
	const struct elect *e = n->lab.e;
	int64_t sids[VOTE_MAP_MAX];
	struct vote looking = a->vote;
	bool agreed;

	looking.state = L;
	agreed = quorum_pair_agree(&e->quorums, sids,
	                           vote_map_acks(&e->round_votes, &looking, sids));
	if (a->reason == ELECT_REASON_ALL_AGREE ||
	    a->reason == ELECT_REASON_WINDOW_ENDED) {
		assert_true(agreed); /* S4 */
		for (unsigned i = 0; i < e->round_votes.count; i++)
			assert_int_equal(e->round_votes.entries[i].vote.round,
			                 a->vote.round);
	} else if (a->reason == ELECT_REASON_ESTABLISHED) {
		const struct vote *word = vote_map_get(&e->settled_votes, a->vote.leader);
		const struct vote *same = vote_map_get(&e->round_votes, a->vote.leader);

		assert_true(a->vote.leader == e->options.sid ||
		            (word && word->state == D) || (same && same->state == D));
	}
	if (a->vote.state == D) {
		assert_true(n->may_lead); /* S7 */
		assert_int_equal(a->vote.leader, e->options.sid);
	}
	n->has_decided = true;
	n->decided = a->vote;
}

static void
fly(unsigned from, unsigned to, const struct vote *v)
{
	uint64_t at_ms = now_ms + 1 + pick(loss ? 60 : 3);

	if (pick(100) < loss || flight_count == FLIGHTS_MAX)
		return;
	if (at_ms <= last_ms[from][to])
		at_ms = last_ms[from][to] + 1;
	last_ms[from][to] = at_ms;
	flights[flight_count++] =
	    (struct flight){.at_ms = at_ms, .from = from, .to = to, .vote = *v};
}

static void
after_step(unsigned at)
{
	struct node *n = &nodes[at];

	for (unsigned i = 0; i < n->lab.out.count; i++) {
		const struct elect_action *a = &n->lab.out.list[i];

		check_said(n, a);
		if (a->type == ELECT_ACT_DECIDED)
			check_decided(n, a);
		if (a->type == ELECT_ACT_SEND)
			fly(at, (unsigned)a->sid - 1, &a->vote);
		for (unsigned to = 0; a->type == ELECT_ACT_BROADCAST && to < node_count;
		     to++)
			if (to != at)
				fly(at, to, &a->vote);
	}
	assert_true(lab_view(&n->lab).silent ? elect_due_ms(n->lab.e) == UINT64_MAX
	                                     : elect_due_ms(n->lab.e) > 0);
	if (n->has_decided) { /* its peer takes it over */
		struct vote v = n->decided;

		n->has_decided = false;
		lab_role(&n->lab, v.state, v.leader, v.round, v.epoch);
		n->check_ms = now_ms + 400 + pick(200);
		after_step(at);
	}
}

static void
look(unsigned at)
{
	nodes[at].lab.now_ms = now_ms;
	lab_look(&nodes[at].lab, 0, 0);
	after_step(at);
}

static void
deliver(struct flight f)
{
	struct node *to = &nodes[f.to];

	if (to->dead || nodes[f.from].dead)
		return;
	to->lab.now_ms = now_ms;
	lab_recv(&to->lab, (int64_t)f.from + 1, f.vote.state, f.vote.leader, f.vote.zxid,
	         f.vote.round, f.vote.epoch);
	after_step(f.to);
}

/* What Zab would find out: that the leader does not lead, or nobody follows. */
static bool
leader_is_real(unsigned at)
{
	struct elect_view v = lab_view(&nodes[at].lab);
	unsigned leader = (unsigned)v.current.leader - 1, followers = 1;

	if (v.state == F)
		return !nodes[leader].dead && lab_view(&nodes[leader].lab).state == D;
	for (unsigned i = 0; i < node_count; i++) {
		struct elect_view other = lab_view(&nodes[i].lab);

		followers += !nodes[i].dead && other.state == F &&
		             other.current.leader == v.current.leader;
	}
	return followers > node_count / 2;
}

static void
turn(unsigned at)
{
	struct node *n = &nodes[at];

	if (n->dead)
		return;
	n->lab.now_ms = now_ms;
	if (lab_view(&n->lab).phase != ELECT_PHASE_IDLE) {
		if (elect_due_ms(n->lab.e) <= now_ms) {
			lab_type(&n->lab, ELECT_EV_DUE);
			after_step(at);
			assert_true(elect_due_ms(n->lab.e) > now_ms);
		}
	} else if (now_ms >= n->check_ms) {
		n->check_ms = now_ms + 400 + pick(200);
		if (!leader_is_real(at))
			look(at);
	}
}

static void
run_to(uint64_t end_ms)
{
	for (; now_ms < end_ms; now_ms++) {
		for (unsigned i = 0; i < flight_count;) {
			struct flight f = flights[i];

			if (f.at_ms > now_ms) {
				i++;
				continue;
			}
			flights[i] = flights[--flight_count];
			deliver(f);
		}
		for (unsigned i = 0; i < node_count; i++)
			turn(i);
	}
}

static void
open_ensemble(unsigned n, bool ours, uint64_t with_seed)
{
	node_count = n;
	flight_count = 0;
	now_ms = 1000;
	seed = with_seed * 0x9e3779b97f4a7c15u + 1;
	loss = 0;
	memset(last_ms, 0, sizeof(last_ms));
	for (unsigned i = 0; i < n; i++) {
		memset(&nodes[i], 0, sizeof(nodes[i]));
		nodes[i].may_lead = true;
		lab_prepare(&nodes[i].lab, (int64_t)i + 1, n, ours);
		lab_start(&nodes[i].lab);
	}
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; ours && j < n; j++)
			lab_link(&nodes[i].lab, (int64_t)j + 1, true, true, false);
}

static void
close_ensemble(void)
{
	for (unsigned i = 0; i < node_count; i++)
		lab_end(&nodes[i].lab);
}

/* All that live follow one of them, which leads. Its sid, 0: not so. */
static int64_t
common_leader(void)
{
	int64_t leader = 0;

	for (unsigned i = 0; i < node_count; i++) {
		struct elect_view v = lab_view(&nodes[i].lab);

		if (nodes[i].dead)
			continue;
		if (v.silent || v.phase != ELECT_PHASE_IDLE ||
		    (leader && v.current.leader != leader) ||
		    (v.state == D) != (v.current.leader == (int64_t)i + 1))
			return 0;
		leader = v.current.leader;
	}
	return leader && !nodes[leader - 1].dead ? leader : 0;
}

static void
test_cold_start(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= NODES_MAX; n++) {
		for (int ours = 0; ours < 2; ours++) {
			open_ensemble(n, ours, n);
			for (unsigned i = 0; i < n; i++)
				look(i);
			run_to(now_ms + (ours ? 30 : 190));
			assert_int_equal(common_leader(), ours ? n : 0);
			run_to(now_ms + 230); /* ZooKeeper's window */
			assert_int_equal(common_leader(), n);
			close_ensemble();
		}
	}
}

/* The leader dies: links break, the next attempt is refused, its followers look. */
static void
test_failover(void **state)
{
	(void)state;
	for (unsigned n = 3; n <= NODES_MAX; n += 2) {
		open_ensemble(n, true, n);
		for (unsigned i = 0; i < n; i++)
			look(i);
		run_to(now_ms + 50);
		nodes[n - 1].dead = true;
		for (unsigned i = 0; i + 1 < n; i++) {
			nodes[i].lab.now_ms = now_ms;
			lab_link(&nodes[i].lab, n, false, true, true);
			lab_look_without(&nodes[i].lab, n);
			after_step(i);
			run_to(now_ms + 1);
		}
		run_to(now_ms + 30);
		assert_int_equal(common_leader(), n - 1);
		close_ensemble();
	}
}

static void
disturb(void)
{
	unsigned at = pick(node_count);

	if (pick(3) == 0)
		look(at);
	else if (pick(4) == 0)
		nodes[at].dead = !nodes[at].dead;
	run_to(now_ms + pick(150));
}

/* Losses, delays, deaths and looks out of the blue; then peace: one leader, and soon. */
static void
test_bad_network(void **state)
{
	(void)state;
	for (uint64_t s = 1; s <= 60; s++) {
		unsigned n = 3 + 2 * (unsigned)(s % 3);

		open_ensemble(n, s % 4 != 0, s);
		for (unsigned i = 0; i < n; i++)
			look(i);
		loss = 5 + pick(50);
		for (int i = 0; i < 30; i++)
			disturb();
		loss = 0;
		for (unsigned i = 0; i < n; i++)
			nodes[i].dead = false;
		for (unsigned ms = 0; !common_leader(); ms += 100) {
			if (ms > (s % 4 ? 4000 : 70000)) /* ZooKeeper backs off to 60 s */
				fail_msg("seed %d: no leader", (int)s);
			run_to(now_ms + 100);
		}
		close_ensemble();
	}
}

static struct vote
random_vote(void)
{
	return (struct vote){.leader = (int64_t)pick(6),
	                     .zxid = (int64_t)pick(4) - 1,
	                     .round = (int64_t)pick(5),
	                     .epoch = (int64_t)pick(2),
	                     .state = (int32_t)pick(5)};
}

static void
random_event(struct lab *lab)
{
	static const enum elect_event_type types[] = {
	    ELECT_EV_NOTIF,  ELECT_EV_NOTIF,  ELECT_EV_NOTIF, ELECT_EV_NOTIF,
	    ELECT_EV_NOTIF,  ELECT_EV_NOTIF,  ELECT_EV_LINK,  ELECT_EV_LINK,
	    ELECT_EV_DUE,    ELECT_EV_DUE,    ELECT_EV_LOOK,  ELECT_EV_ROLE,
	    ELECT_EV_ABSENT, ELECT_EV_AGAIN,  ELECT_EV_STATE, ELECT_EV_DECIDED,
	    ELECT_EV_SYNCED, ELECT_EV_SYNCED,
	};
	struct vote v = random_vote();
	struct elect_event ev = {
	    .type = types[pick(sizeof(types) / sizeof(types[0]))],
	    .sid = (int64_t)pick(6),
	    .vote = v,
	    .look = {.zxid = (int64_t)pick(3) - 1,
	             .last_round = (int64_t)pick(4),
	             .gave_up = pick(2),
	             .leader = (int64_t)pick(4)},
	    .link = pick(2) ? MSG_LINK_UP : MSG_LINK_DOWN,
	    .reason = pick(2) ? MSG_REASON_REFUSED : MSG_REASON_NONE,
	    .was_up = pick(2),
	    .notif.vote = v,
	};

	ev.notif.vote.version = (int32_t)pick(2);
	if (pick(3) > 0)
		lab->words++;
	ev.serial = lab_serial(lab->words);
	if (ev.type == ELECT_EV_STATE || ev.type == ELECT_EV_DECIDED)
		ev.serial = lab_serial(pick((unsigned)lab->words + 1));
	ev.look.serial = ev.serial;
	lab->now_ms = ev.type == ELECT_EV_DUE && elect_due_ms(lab->e) != UINT64_MAX
	                  ? elect_due_ms(lab->e)
	                  : lab->now_ms + pick(90);
	lab_give(lab, ev);
}

static bool
speaks(const struct lab *lab)
{
	return lab_count(lab, ELECT_ACT_SEND) + lab_count(lab, ELECT_ACT_BROADCAST) +
	           lab_count(lab, ELECT_ACT_STATE) + lab_count(lab, ELECT_ACT_DECIDED) >
	       0;
}

static void
test_random_events(void **state)
{
	struct node *n = &nodes[0];

	(void)state;
	for (uint64_t s = 1; s <= 200; s++) {
		bool observer = s % 5 == 0;

		seed = s * 0x9e3779b97f4a7c15u + 1;
		memset(n, 0, sizeof(*n));
		lab_prepare(&n->lab, (int64_t)pick(5) + 1, 4, true);
		n->lab.options.observer = observer;
		n->lab.options.synced = s % 2;
		n->may_lead = !observer && n->lab.options.sid <= 4;
		lab_start(&n->lab);
		for (int i = 0; i < 400; i++) {
			bool before = n->lab.e->self.synced && !n->lab.e->self.silent,
			     has_word;

			random_event(&n->lab);
			has_word = n->lab.e->self.synced && !n->lab.e->self.silent;
			assert_true(before || has_word || !speaks(&n->lab));
			for (unsigned j = 0; j < n->lab.out.count; j++) {
				const struct elect_action *a = &n->lab.out.list[j];

				if (a->type == ELECT_ACT_STATE)
					check_said(n, a);
				if (a->type == ELECT_ACT_DECIDED &&
				    a->reason != ELECT_REASON_REPEATED)
					check_decided(n, a);
			}
		}
		lab_end(&n->lab);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cold_start),
	    cmocka_unit_test(test_failover),
	    cmocka_unit_test(test_bad_network),
	    cmocka_unit_test(test_random_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
