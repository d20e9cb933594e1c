/* Groups of cores with leases, holders and clocks, for the tests of docs/LEASE.md. Never
 * may two leases be valid at one instant, nor somebody be established in an epoch above
 * that of a valid lease of another (S3): this is checked after each step of each core. */
#ifndef TESTS_UNIT_ROLE_LEASE_GROUP_H
#define TESTS_UNIT_ROLE_LEASE_GROUP_H

#include "peer/role_impl.h"
#include "tests/unit/role_cluster.h"

#include <limits.h>

static bool s3_is_broken;
/* steps of cores until the next crash; UINT_MAX: none */
static unsigned steps_left;
static int64_t victim;

static inline bool
group_relies(int64_t sid)
{
	return cluster_clock(sid) < world.nodes[sid].relied.end_ms;
}

static inline bool
group_leads(int64_t sid)
{
	const struct node *n = &world.nodes[sid];

	return n->role && !n->down && cluster_view(sid).active;
}

static inline void
group_check(void)
{
	for (int64_t sid = 1; sid <= CLUSTER_MAX; sid++) {
		for (int64_t other = 1; other <= CLUSTER_MAX; other++) {
			if (sid == other || !group_relies(sid))
				continue;
			if (group_relies(other))
				s3_is_broken = true;
			if (group_leads(other) &&
			    cluster_view(other).epoch > world.nodes[sid].relied.epoch)
				s3_is_broken = true;
		}
	}
}

static inline void
group_run(void)
{
	while (world.first != world.last) {
		struct waiting *w = &world.waits[world.first++ % CLUSTER_WAITS];

		cluster_step(w->to, w->ev);
		group_check();
		if (steps_left != UINT_MAX && steps_left-- == 0) {
			steps_left = UINT_MAX;
			cluster_kill(victim);
		}
	}
}

/* So many ms pass, one by one; a core is called when its time has come. */
static inline void
group_pass(uint64_t ms)
{
	while (ms-- > 0) {
		world.now_ms++;
		for (int64_t sid = 1; sid <= CLUSTER_MAX; sid++) {
			struct node *n = &world.nodes[sid];

			if (n->role && role_due_ms(n->role) <= cluster_clock(sid))
				cluster_step(sid,
				             (struct role_event){.type = ROLE_EV_DUE});
			group_check();
			group_run();
		}
	}
}

static inline void
group_holds(int64_t sid, unsigned holds)
{
	cluster_step(sid, (struct role_event){.type = ROLE_EV_HOLDS, .holds = holds});
	group_check();
	group_run();
}

/* What is sent between these two is lost, or is not any more. */
static inline void
group_cut(int64_t a, int64_t b, bool cut)
{
	world.cut[a][b] = world.cut[b][a] = cut;
}

static inline void
group_isolate(int64_t sid)
{
	for (int64_t other = 1; other <= CLUSTER_MAX; other++)
		if (other != sid)
			group_cut(sid, other, true);
}

/* The link ends on both sides. */
static inline void
group_break(int64_t a, int64_t b)
{
	for (uint64_t number = 1; number <= world.number; number++) {
		cluster_remote(a, b, MSG_LINK_DOWN, number, false);
		cluster_remote(b, a, MSG_LINK_DOWN, number, false);
	}
	group_run();
}

/* What was in memory is gone, in another boot; what was on the disk says how long nothing
 * is known. */
static inline void
group_lose_power(int64_t sid)
{
	struct node *n = &world.nodes[sid];

	cluster_kill(sid);
	n->memory = (struct role_memory){0};
	n->page = n->relied = (struct role_page){0};
	n->boot[0]++;
	n->unknown_ms = n->disk.bound.ms ? cluster_clock(sid) + n->disk.bound.ms : 0;
}

/* The same boot without its memory: the holder of a lease lives on. */
static inline void
group_lose_memory(int64_t sid)
{
	struct node *n = &world.nodes[sid];

	cluster_kill(sid);
	n->memory = (struct role_memory){0};
	n->unknown_ms = n->disk.bound.ms ? cluster_clock(sid) + n->disk.bound.ms : 0;
}

/* Leaves the election to what looks: the freshest of a quorum leads, whoever looks later
 * follows a leader that is established. */
static inline void
group_elect(unsigned voters)
{
	int64_t leader = 0, best = 0;
	unsigned looking = 0;

	for (int64_t sid = 1; sid <= (int64_t)voters; sid++) {
		const struct node *n = &world.nodes[sid];
		const struct node *b = &world.nodes[best];

		if (!n->role || n->down)
			continue;
		if (group_leads(sid) && !world.cut[sid][sid % voters + 1])
			leader = sid;
		if (!n->looks)
			continue;
		looking++;
		if (n->look_epoch != INT64_MIN &&
		    (best == 0 ||
		     role_is_fresher(n->look_epoch, n->look_zxid, b->look_epoch,
		                     b->look_zxid) ||
		     (n->look_epoch == b->look_epoch && n->look_zxid == b->look_zxid)))
			best = sid;
	}
	if (looking > voters / 2 && best > 0)
		leader = best;
	for (int64_t sid = 1; sid <= (int64_t)voters && leader > 0; sid++)
		if (world.nodes[sid].role && world.nodes[sid].looks && sid != leader &&
		    !world.cut[sid][leader])
			cluster_decide(sid, NOTIF_FOLLOWING, leader);
	if (leader > 0 && world.nodes[leader].looks)
		cluster_decide(leader, NOTIF_LEADING, leader);
	group_run();
}

static inline void
group_go_on(unsigned voters, uint64_t ms)
{
	while (ms-- > 0) {
		group_elect(voters);
		group_pass(1);
	}
}

static inline int
group_set_up(void **state)
{
	(void)state;
	cluster_clear();
	s3_is_broken = false;
	steps_left = UINT_MAX;
	world.lease = (struct role_config){
	    .lease_ms = 300, .lease_max_ms = 1000, .resume_ms = 150, .drift_percent = 10};
	return 0;
}

static inline int
group_tear_down(void **state)
{
	(void)state;
	cluster_clear();
	return 0;
}

#endif
