/* Whole ensembles of role cores under a virtual clock: crashes, lost links, slow and
 * failing disks, an oracle in place of the election that is often wrong; then all heals,
 * and a leader must be established in time; then a joiner with a higher promise, which
 * must not depose it. The invariants S1, S2, S9 of design.md are looked at after every
 * step.
 *
 * ROLE_SIM_SEEDS: how many seeds; ROLE_SIM_SEED: that one alone. */
#include "tests/unit/role_faults.h"

#define FAULTS_US 2500000u
#define BOUND_US  2500000u /* L1 */
#define SETTLE_US 500000u
#define SEEDS     3000

/* All up and of one mind; returns the leader, or -1. */
static int
leader_of_all(const struct sim *s)
{
	int leader = -1;

	for (unsigned i = 0; i < s->count; i++)
		if (s->nodes[i].up && s->nodes[i].view.active)
			leader = (int)i;
	for (unsigned i = 0; leader >= 0 && i < s->count; i++) {
		const struct role_view *v = &s->nodes[i].view;

		if (!s->nodes[i].up || !v->has_leader || v->leader != leader + 1 ||
		    v->epoch != s->nodes[leader].view.epoch)
			return -1;
	}
	return leader;
}

static void
run_until(struct sim *s, uint64_t end_us, bool until_settled, int must_lead)
{
	uint64_t oracle_us = s->now_us;
	uint64_t fault_us = s->now_us;

	while (s->now_us < end_us && !s->failure) {
		if (until_settled && leader_of_all(s) >= 0)
			return;
		if (must_lead >= 0 && !s->nodes[must_lead].view.active)
			sim_fail(s, "S9: a joiner deposed the leader");
		if (s->item_count > 0 && s->heap[0]->at_us <= oracle_us) {
			struct sim_item it = sim_take(s);

			s->now_us = it.at_us;
			run_item(s, &it);
			continue;
		}
		s->now_us = oracle_us;
		oracle_us += 2000 + sim_random(s, 8000);
		oracle(s);
		if (!s->calm && s->now_us >= fault_us) {
			fault(s);
			for (unsigned i = 0; i < s->count; i++)
				mend(s);
			fault_us = s->now_us + sim_random(s, s->fault_us);
		}
	}
}

/* One that promised an epoch above the leader's in an election that failed comes back. */
static void
join(struct sim *s, int leader)
{
	unsigned node = (unsigned)sim_random(s, s->count);

	assert_true(leader >= 0);
	if ((int)node == leader)
		return;
	crash(s, node);
	s->nodes[node].accepted += (int64_t)sim_random(s, 4);
	if (sim_random(s, 2))
		s->nodes[node].current = s->nodes[node].accepted;
	start(s, node);
	run_until(s, s->now_us + BOUND_US, true, leader);
	if (leader_of_all(s) != leader)
		sim_fail(s, "S9, L1: the joiner does not follow");
}

static uint64_t
run_seed(uint64_t seed, unsigned voters, unsigned observers)
{
	static struct sim s;
	uint64_t healed_us;
	uint64_t took_us;

	memset(&s, 0, offsetof(struct sim, pool));
	memset(s.leaders, 0, sizeof(s.leaders));
	s.failure = NULL;
	s.seed = s.random = seed;
	s.count = voters + observers;
	s.now_us = 1000000;
	s.disk_slow_us = 300;
	s.wrong = sim_random(&s, 2) ? 2 : (unsigned)sim_random(&s, 60);
	s.fault_us = 5000 + (unsigned)sim_random(&s, 300000);
	kit_members(&s.members, voters, observers);
	for (unsigned i = 0; i < SIM_QUEUE_MAX; i++)
		s.heap[i] = &s.pool[i];
	for (unsigned i = 0; i < s.count; i++) {
		s.nodes[i].accepted = ROLE_EPOCH_NONE;
		s.nodes[i].current = ROLE_EPOCH_NONE;
		start(&s, i);
	}
	run_until(&s, s.now_us + FAULTS_US, false, -1);
	healed_us = s.now_us;
	if (!s.failure)
		heal(&s);
	run_until(&s, s.now_us + BOUND_US, true, -1);
	took_us = s.now_us - healed_us;
	if (!s.failure && leader_of_all(&s) < 0)
		sim_fail(&s, "L1: no leader of all in time");
	/* what still looked like a leader may have been cut off a moment ago */
	run_until(&s, s.now_us + SETTLE_US, false, -1);
	run_until(&s, s.now_us + BOUND_US, true, -1);
	if (!s.failure)
		join(&s, leader_of_all(&s));
	for (unsigned i = 0; i < s.count; i++)
		role_free(s.nodes[i].up ? s.nodes[i].role : NULL);
	if (s.failure)
		fail_msg("seed %llu, %u voters, %u observers, at %llu us: %s",
		         (unsigned long long)seed, voters, observers,
		         (unsigned long long)s.now_us, s.failure);
	return took_us;
}

static void
run_seeds(unsigned voters, unsigned observers)
{
	const char *count = getenv("ROLE_SIM_SEEDS");
	const char *one = getenv("ROLE_SIM_SEED");
	uint64_t seeds = count ? strtoull(count, NULL, 10) : SEEDS;
	uint64_t first = one ? strtoull(one, NULL, 10) : 1;
	uint64_t worst = 0;

	for (uint64_t seed = first; seed < first + (one ? 1 : seeds); seed++) {
		uint64_t took = run_seed(seed, voters, observers);

		worst = took > worst ? took : worst;
	}
	print_message(
	    "%u voters, %u observers: all follow %llu ms after the last fault\n", voters,
	    observers, (unsigned long long)(worst / 1000));
}

static void
three(void **state)
{
	(void)state;
	run_seeds(3, 0);
}

static void
five(void **state)
{
	(void)state;
	run_seeds(5, 0);
}

static void
three_and_an_observer(void **state)
{
	(void)state;
	run_seeds(3, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(three),
	    cmocka_unit_test(five),
	    cmocka_unit_test(three_and_an_observer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
