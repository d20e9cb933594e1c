/* Who counts, by the simulator's own counting. It notes what each leader synchronizes and
 * what it establishes, and knows which membership may come after which: a simple one
 * stays or becomes the old one of a joint record; a joint one stays or becomes its new
 * one. A joint one that was not established may be forgotten. So there are never two
 * memberships in force. */
#include "tests/sim/sim.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define EPOCHS_MAX 8192

struct deed {
	unsigned leader; /* + 1; 0: nothing is synchronized in this epoch */
	uint64_t generation;
	struct members_record record;
	bool founds;
	bool established;
	uint64_t by; /* the generation that was established last: R7 */
};

static struct deed deeds[EPOCHS_MAX];
static int64_t last;  /* the largest epoch that has one */
static int64_t ruled; /* the largest that is established; 0: none */

/* ---- counting ---- */

static bool
has(unsigned bits, const struct member *e)
{
	return bits >> (e->sid - 1) & 1;
}

/* The groups with a weight, and those of them of whose weight `bits` have most. */
static bool
counts_groups(const struct members *m, unsigned bits)
{
	unsigned groups = 0, won = 0;

	for (unsigned i = 0; i < m->count; i++) {
		const struct member *e = &m->list[i];
		int64_t sum = 0, present = 0;
		bool first = true;

		for (unsigned k = 0; k < m->count; k++) {
			const struct member *o = &m->list[k];

			if (o->observer || e->observer || o->group != e->group)
				continue;
			first &= k >= i;
			sum += o->weight;
			present += has(bits, o) ? o->weight : 0;
		}
		groups += first && sum > 0;
		won += first && 2 * present > sum;
	}
	return 2 * won > groups;
}

bool
sim_counts(const struct members *m, unsigned bits)
{
	unsigned voters = 0, present = 0;

	if (m->hierarchical)
		return counts_groups(m, bits);
	for (unsigned i = 0; i < m->count; i++) {
		voters += !m->list[i].observer;
		present += !m->list[i].observer && has(bits, &m->list[i]);
	}
	return 2 * present > voters;
}

unsigned
sim_voters(const struct members *m, const sim_shown shown)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < m->count; i++) {
		const struct member *e = &m->list[i];
		const struct members_instance *it = shown[e->sid - 1];

		if (!e->observer && it && memcmp(it, &e->instance, sizeof(*it)) == 0)
			bits |= 1u << (e->sid - 1);
	}
	return bits;
}

static bool
counts_all(const struct members *m, const sim_shown shown)
{
	unsigned bits = sim_voters(m, shown);

	for (unsigned i = 0; i < m->count; i++)
		if (!m->list[i].observer && !has(bits, &m->list[i]))
			return false;
	return true;
}

bool
sim_counts_pair(const struct members_record *r, const sim_shown shown)
{
	return (r->old.version == 0 || sim_counts(&r->old, sim_voters(&r->old, shown))) &&
	       sim_counts(&r->new, sim_voters(&r->new, shown));
}

static bool
leads_one(const struct members *m, int64_t sid)
{
	for (unsigned i = 0; i < m->count; i++)
		if (m->list[i].sid == sid)
			return !m->list[i].observer && m->list[i].weight > 0;
	return false;
}

bool
sim_leads(const struct members_record *r, int64_t sid)
{
	return leads_one(&r->old, sid) || leads_one(&r->new, sid);
}

/* ---- what leaders do ---- */

void
sim_group_begin(const struct members_record *founded)
{
	memset(deeds, 0, sizeof(deeds[0]) * (size_t)(last + 1));
	last = ruled = 0;
	if (founded->epoch == 0)
		return;
	last = ruled = founded->epoch;
	deeds[last] = (struct deed){.leader = SIM_OUTSIDE + 1,
	                            .record = *founded,
	                            .founds = true,
	                            .established = true};
}

uint64_t
sim_group_generation(int64_t epoch)
{
	return epoch > 0 && epoch <= last ? deeds[epoch].generation : 0;
}

const struct members_record *
sim_group_record(int64_t epoch)
{
	return epoch > 0 && epoch <= last && deeds[epoch].leader > 0
	           ? &deeds[epoch].record
	           : NULL;
}

const struct members_record *
sim_group_now(void)
{
	return ruled > 0 ? &deeds[ruled].record : NULL;
}

const struct members *
sim_in_force(void)
{
	static struct members wished;
	const struct members_record *r = sim_group_now();

	if (r)
		return r->old.version > 0 ? &r->old : &r->new;
	wished = sim_wish_members();
	return &wished;
}

void
sim_group_propose(unsigned leader, uint64_t generation, int64_t epoch,
                  const struct members_record *r, const sim_shown shown, bool bare,
                  bool resumes)
{
	struct deed *d = &deeds[epoch];

	assert(epoch < EPOCHS_MAX);
	if (resumes && d->leader == leader + 1 && d->established)
		d->generation = generation;
	if (d->leader > 0) {
		if (d->leader != leader + 1 || d->generation != generation)
			sim_fail("S1: servers %u and %u both synchronize epoch %" PRId64,
			         d->leader, leader + 1, epoch);
		if (!members_same_record(&d->record, r))
			sim_fail("S12: server %u synchronizes two memberships in epoch "
			         "%" PRId64,
			         leader + 1, epoch);
		return;
	}
	*d = (struct deed){
	    .leader = leader + 1, .generation = generation, .record = *r, .founds = bare};
	if (epoch > last)
		last = epoch;
	if (bare && (r->old.version > 0 || !counts_all(&r->new, shown)))
		sim_fail("S12: server %u founds a group in epoch %" PRId64
		         " without the promises of all",
		         leader + 1, epoch);
	if (!sim_counts_pair(r, shown))
		sim_fail("S12: server %u leads on without a quorum that promised epoch "
		         "%" PRId64,
		         leader + 1, epoch);
}

/* ---- which membership may come after which ---- */

static bool
may_follow(const struct members_record *was, const struct members_record *is)
{
	if (members_same_record(was, is))
		return true;
	if (was->old.version > 0)
		return is->old.version == 0 && members_equal(&was->new, &is->new);
	return is->old.version > 0 && members_equal(&was->new, &is->old);
}

/* It was founded after `was`, in this epoch, or in one whose leader left it to others. */
static bool
is_founded(int64_t was, int64_t is)
{
	for (int64_t e = was + 1; e <= is; e++)
		if (deeds[e].founds &&
		    members_same_record(&deeds[e].record, &deeds[is].record))
			return true;
	return false;
}

/* was 0: nothing was established before. */
static void
check_step(int64_t was, int64_t is)
{
	if ((sim.refounds || was == 0) && is_founded(was, is))
		return;
	if (was == 0 || !may_follow(&deeds[was].record, &deeds[is].record))
		sim_fail(
		    "S12: epoch %" PRId64 " has the memberships %" PRId64 " and %" PRId64
		    ", and epoch %" PRId64 " before it had %" PRId64 " and %" PRId64,
		    is, deeds[is].record.old.version, deeds[is].record.new.version, was,
		    deeds[was].record.old.version, deeds[was].record.new.version);
}

/* A leader may hear late that it is established: look at both sides. */
static void
check_place(int64_t epoch)
{
	int64_t at = epoch;

	while (--at > 0 && !deeds[at].established)
		;
	check_step(at, epoch);
	for (at = epoch + 1; at <= last && !deeds[at].established; at++)
		;
	if (at <= last)
		check_step(epoch, at);
}

void
sim_group_establish(unsigned leader, uint64_t generation, int64_t epoch,
                    const sim_shown shown, bool resumes)
{
	struct deed *d = &deeds[epoch];

	assert(epoch < EPOCHS_MAX);
	if (resumes && d->leader == leader + 1 && d->established)
		d->generation = generation;
	if (d->leader != leader + 1 || d->generation != generation) {
		sim_fail("S1: server %u is established in epoch %" PRId64
		         ", which server %u synchronizes (0: nobody)",
		         leader + 1, epoch, d->leader);
		return;
	}
	if (d->established && d->by == generation)
		return;
	d->by = generation;
	if (d->established) {
		if (!sim_counts_pair(&d->record, shown))
			sim_fail("S12: leader %u resumes epoch %" PRId64
			         " without a quorum that acknowledged it again",
			         leader + 1, epoch);
		return;
	}
	d->established = true;
	if (epoch > ruled)
		ruled = epoch;
	if (d->founds && !counts_all(&d->record.new, shown))
		sim_fail("S12: server %u founds a group in epoch %" PRId64
		         " without the ACKs of all",
		         leader + 1, epoch);
	if (!sim_counts_pair(&d->record, shown))
		sim_fail("S12: server %u leads on without a quorum that acknowledged "
		         "epoch %" PRId64,
		         leader + 1, epoch);
	check_place(epoch);
	sim_say("* epoch %" PRId64 " of %u is established: memberships %" PRId64
	        " and %" PRId64,
	        epoch, leader + 1, d->record.old.version, d->record.new.version);
}

/* ---- who is needed ---- */

static void
show_disks(sim_shown shown)
{
	for (unsigned i = 0; i < SIM_SERVERS_MAX; i++)
		shown[i] = i < sim.count ? sim_instance(i) : NULL;
}

/* Can it be that a leader goes by this one, or will? */
static bool
is_known(int64_t epoch)
{
	return epoch >= ruled && deeds[epoch].leader > 0;
}

static bool
has_leader(const struct members_record *r, unsigned without)
{
	for (unsigned i = 0; i < sim.count; i++)
		if (!(without >> i & 1) && sim_leads(r, i + 1))
			return true;
	return false;
}

static bool
stays(const struct members_record *r, const sim_shown all, unsigned without)
{
	sim_shown shown;

	for (unsigned i = 0; i < SIM_SERVERS_MAX; i++)
		shown[i] = without >> i & 1 ? NULL : all[i];
	return has_leader(r, without) && sim_counts_pair(r, shown);
}

bool
sim_can_do_without(unsigned bits)
{
	struct members_record wished = {.new = sim_wish_members()};
	sim_shown shown;

	show_disks(shown);
	if (!has_leader(&wished, bits) || !sim_counts(&wished.new, ~bits))
		return false;
	for (int64_t e = ruled; e <= last; e++)
		if (is_known(e) && !stays(&deeds[e].record, shown, bits))
			return false;
	return true;
}

bool
sim_can_lose(unsigned lost)
{
	sim_shown shown;

	show_disks(shown);
	for (int64_t e = ruled; e <= last; e++)
		if (is_known(e) && !stays(&deeds[e].record, shown, 1u << lost))
			return false;
	return true;
}

bool
sim_is_quorum(const int64_t *sids, unsigned count)
{
	const struct members_record *r = sim_group_now();
	sim_shown shown, all;
	unsigned bits = 0;

	for (unsigned i = 0; i < count; i++)
		bits |= 1u << (sids[i] - 1);
	if (!r)
		return sim_counts(sim_in_force(), bits);
	show_disks(all);
	for (unsigned i = 0; i < SIM_SERVERS_MAX; i++)
		shown[i] = bits >> i & 1 ? all[i] : NULL;
	return sim_counts_pair(r, shown);
}

bool
sim_may_lead(int64_t sid)
{
	const struct members_record *r = sim_group_now();

	return r ? sim_leads(r, sid) : leads_one(sim_in_force(), sid);
}
