/* Bugs on purpose in the rules of memberships (docs/MEMBERSHIP.md), in the place of the
 * functions that the peer's core asks: the linker's --wrap puts them there, so that the
 * core stays as it is. */
#include "peer/role_impl.h"
#include "tests/sim/sim.h"

#include <string.h>

bool __real_role_is_quorum(const struct role *r, const struct members_record *record,
                           role_has *has);
bool __wrap_role_is_quorum(const struct role *r, const struct members_record *record,
                           role_has *has);
bool __real_role_is_all(const struct role *r, const struct members *m, role_has *has);
bool __wrap_role_is_all(const struct role *r, const struct members *m, role_has *has);
bool __real_role_is_all_of_file(const struct role *r, role_has *has);
bool __wrap_role_is_all_of_file(const struct role *r, role_has *has);
bool __real_role_is_member_of(const struct role *r, const struct members_record *record);
bool __wrap_role_is_member_of(const struct role *r, const struct members_record *record);
bool __real_role_may_found(const struct role *r);
bool __wrap_role_may_found(const struct role *r);
bool __real_role_change_found(struct role *r, role_has *has_promised);
bool __wrap_role_change_found(struct role *r, role_has *has_promised);
bool __real_role_is_promised(struct role *r);
bool __wrap_role_is_promised(struct role *r);
bool __real_role_epochs_recorded(const struct role *r, int64_t epoch);
bool __wrap_role_epochs_recorded(const struct role *r, int64_t epoch);
void __real_role_change_start(struct role *r);
void __wrap_role_change_start(struct role *r);
enum role_adoption __real_role_change_adopt(struct role *r,
                                            const struct members_record *record);
enum role_adoption __wrap_role_change_adopt(struct role *r,
                                            const struct members_record *record);
bool __real_role_change_begin(struct role *r, const struct role_actions *out);
bool __wrap_role_change_begin(struct role *r, const struct role_actions *out);
bool __real_role_change_give_up(struct role *r, const struct role_actions *out);
bool __wrap_role_change_give_up(struct role *r, const struct role_actions *out);
bool __real_members_is_voter(const struct members *m, const struct members_id *id);
bool __wrap_members_is_voter(const struct members *m, const struct members_id *id);
bool __real_members_is_quorum(const struct members *m, const struct members_id *ids,
                              unsigned count);
bool __wrap_members_is_quorum(const struct members *m, const struct members_id *ids,
                              unsigned count);

/* ---- who counts ---- */

/* With the instance that `m` has of it. */
static struct members_id
as_known(const struct members *m, const struct members_id *id)
{
	const struct member *e = members_find(m, id->sid);

	return e ? (struct members_id){id->sid, e->instance} : *id;
}

/* The first instance that this server has seen of each. */
static struct members_id
as_seen(const struct members_id *id)
{
	static struct {
		uint64_t seed;
		struct members_instance seen[SIM_SERVERS_MAX][SIM_SERVERS_MAX];
	} table;
	struct members_instance *one;

	if (table.seed != sim.seed)
		memset(&table, 0, sizeof(table));
	table.seed = sim.seed;
	one = &table.seen[sim.running->server][id->sid - 1];
	if (members_instance_none(one))
		*one = id->instance;
	return (struct members_id){id->sid, *one};
}

bool
__wrap_members_is_voter(const struct members *m, const struct members_id *id)
{
	struct members_id known = as_known(m, id);

	if (sim.bug == SIM_BUG_NO_INSTANCE)
		return __real_members_is_voter(m, &known);
	if (sim.bug == SIM_BUG_NEW_LEADS &&
	    m == &sim.servers[sim.running->server].peer.role->lead.proposed.old)
		return false;
	return __real_members_is_voter(m, id);
}

bool
__wrap_members_is_quorum(const struct members *m, const struct members_id *ids,
                         unsigned count)
{
	struct members changed = *m;
	struct members_id known[MEMBERS_MAX];

	if (sim.bug != SIM_BUG_NO_INSTANCE && sim.bug != SIM_BUG_OWN_TABLE)
		return __real_members_is_quorum(m, ids, count);
	for (unsigned i = 0; i < count; i++)
		known[i] = sim.bug == SIM_BUG_NO_INSTANCE ? as_known(m, &ids[i]) : ids[i];
	for (unsigned i = 0; sim.bug == SIM_BUG_OWN_TABLE && i < m->count; i++) {
		struct members_id seen = {m->list[i].sid, m->list[i].instance};

		/* what it shows now goes before what the record has */
		for (unsigned k = 0; k < count; k++)
			if (ids[k].sid == seen.sid)
				seen = as_seen(&ids[k]);
		if (!m->list[i].observer)
			changed.list[i].instance = seen.instance;
	}
	return __real_members_is_quorum(&changed, known, count);
}

/* `extra` counts, though it is no voter: it takes the place of one. */
static bool
counts_with(const struct role *r, const struct members *m, role_has *has, unsigned extra)
{
	unsigned count = extra, voters = 0;

	for (unsigned i = 0; i < m->count; i++) {
		const struct role_remote *p = role_find_remote(r, m->list[i].sid);

		voters += !m->list[i].observer;
		count += !m->list[i].observer && p && has(r, p);
		count +=
		    !m->list[i].observer && m->list[i].sid == r->config.sid && extra == 0;
	}
	return m->version == 0 || 2 * count > voters;
}

/* Those that have it, and are in no membership that counts. */
static unsigned
newcomers(const struct role *r, const struct members_record *record, role_has *has)
{
	unsigned count = 0;

	for (unsigned i = 0; i < r->remote_count; i++) {
		const struct role_remote *p = &r->remotes[i];

		count += !members_find(&record->new, p->sid) &&
		         !members_find(&record->old, p->sid) && has(r, p);
	}
	return count;
}

bool
__wrap_role_is_quorum(const struct role *r, const struct members_record *record,
                      role_has *has)
{
	struct members_record changed = *record;
	unsigned extra = newcomers(r, record, has);

	if (sim.bug == SIM_BUG_SELF && record->new.version > 0 &&
	    !__real_role_is_member_of(r, record))
		return counts_with(r, &record->old, has, 1) &&
		       counts_with(r, &record->new, has, 1);
	if (sim.bug == SIM_BUG_NEWCOMER && extra > 0)
		return counts_with(r, &record->old, has, extra) &&
		       counts_with(r, &record->new, has, extra);
	if (sim.bug == SIM_BUG_OLD_ONLY && record->old.version > 0)
		changed.new = record->old;
	if (sim.bug == SIM_BUG_NEW_ONLY || sim.bug == SIM_BUG_OLD_ONLY)
		memset(&changed.old, 0, sizeof(changed.old));
	return __real_role_is_quorum(r, &changed, has);
}

bool
__wrap_role_is_member_of(const struct role *r, const struct members_record *record)
{
	return sim.bug == SIM_BUG_SELF || __real_role_is_member_of(r, record);
}

bool
__wrap_role_is_promised(struct role *r)
{
	if (sim.bug == SIM_BUG_NO_PROMISE && r->lead.change.kind == ROLE_KIND_LEAVE &&
	    r->epochs.accepted >= r->lead.proposal)
		return true;
	return __real_role_is_promised(r);
}

bool
__wrap_role_epochs_recorded(const struct role *r, int64_t epoch)
{
	if (sim.bug == SIM_BUG_EARLY_ACK)
		return r->epochs.current >= epoch ||
		       (r->epochs.tried_current >= epoch &&
		        r->epochs.record.members.epoch >= epoch);
	return __real_role_epochs_recorded(r, epoch);
}

/* ---- founding ---- */

static bool
founds_by_majority(void)
{
	return sim.bug == SIM_BUG_FOUND_MAJORITY || sim.bug == SIM_BUG_FOUND_VERSION;
}

bool
__wrap_role_is_all(const struct role *r, const struct members *m, role_has *has)
{
	struct members_record record;

	if (!founds_by_majority())
		return __real_role_is_all(r, m, has);
	memset(&record, 0, sizeof(record));
	record.new = *m;
	return __real_role_is_quorum(r, &record, has);
}

bool
__wrap_role_is_all_of_file(const struct role *r, role_has *has)
{
	if (founds_by_majority())
		return role_is_quorum_of_file(r, has);
	return __real_role_is_all_of_file(r, has);
}

/* Who is not there gets an instance that nobody has. */
bool
__wrap_role_change_found(struct role *r, role_has *has_promised)
{
	bool founds = __real_role_change_found(r, has_promised);
	struct members *m = &r->lead.adopted.new;

	for (unsigned i = 0; founds && i < m->count; i++)
		if (!m->list[i].observer && members_instance_none(&m->list[i].instance))
			m->list[i].instance.bytes[0] = 0;
	return founds;
}

bool
__wrap_role_may_found(const struct role *r)
{
	const struct member *own = members_find(&r->members.file, r->config.sid);

	if (sim.bug == SIM_BUG_FOUND_VERSION && !role_has_record(r))
		return own && !own->observer;
	return __real_role_may_found(r);
}

/* ---- the leader ---- */

static void
drop_joint(struct members_record *record)
{
	if (record->old.version == 0)
		return;
	record->new = record->old;
	memset(&record->old, 0, sizeof(record->old));
}

/* With the instances that are on the disks. */
static void
take_file(const struct role *r, struct members *m)
{
	*m = r->members.file;
	for (unsigned i = 0; i < m->count; i++) {
		struct member *e = &m->list[i];
		const struct members_instance *it =
		    sim_disk_instance(&sim.servers[e->sid - 1].disk);

		if (!e->observer && it)
			e->instance = *it;
		else if (!e->observer)
			e->instance.bytes[0] = 1;
	}
}

/* As if we were established. */
static void
begin_hastily(struct role *r)
{
	struct members_record *adopted = &r->lead.adopted;

	if (adopted->old.version > 0 || adopted->new.version == 0 ||
	    r->members.file.version <= adopted->new.version)
		return;
	adopted->old = adopted->new;
	take_file(r, &adopted->new);
	r->lead.change.kind = ROLE_KIND_CHANGE;
}

void
__wrap_role_change_start(struct role *r)
{
	struct members_record *adopted = &r->lead.adopted;

	__real_role_change_start(r);
	if (sim.bug == SIM_BUG_HASTY)
		begin_hastily(r);
	if (sim.bug == SIM_BUG_DROP_JOINT)
		drop_joint(adopted);
	if (sim.bug == SIM_BUG_FILE && adopted->new.version > 0) {
		memset(&adopted->old, 0, sizeof(adopted->old));
		take_file(r, &adopted->new);
	}
}

enum role_adoption
__wrap_role_change_adopt(struct role *r, const struct members_record *record)
{
	struct members_record *adopted = &r->lead.adopted;
	enum role_adoption adoption = ROLE_ADOPT_NOTHING;

	if ((sim.bug == SIM_BUG_FILE || sim.bug == SIM_BUG_NO_ADOPT) &&
	    adopted->epoch > 0)
		return ROLE_ADOPT_NOTHING;
	if (sim.bug == SIM_BUG_FOUND_RECORDS && adopted->epoch == 0)
		return ROLE_ADOPT_NOTHING;
	if (sim.bug != SIM_BUG_BY_VERSION) {
		adoption = __real_role_change_adopt(r, record);
	} else if (record->new.version > adopted->new.version && r->lead.epoch == 0 &&
	           !r->lead.promised) {
		adopted->epoch = record->epoch - 1;
		adoption = __real_role_change_adopt(r, record);
	}
	if (sim.bug == SIM_BUG_DROP_JOINT && adoption == ROLE_ADOPT_TAKEN)
		drop_joint(adopted);
	return adoption;
}

bool
__wrap_role_change_begin(struct role *r, const struct role_actions *out)
{
	struct members_record *adopted = &r->lead.adopted;
	bool begun = __real_role_change_begin(r, out);
	bool in_place = adopted->old.version == adopted->new.version;

	if (begun &&
	    (sim.bug == SIM_BUG_NO_JOINT || (sim.bug == SIM_BUG_IN_PLACE && in_place))) {
		memset(&adopted->old, 0, sizeof(adopted->old));
		r->lead.change.kind = ROLE_KIND_LEAVE;
	}
	return begun;
}

bool
__wrap_role_change_give_up(struct role *r, const struct role_actions *out)
{
	struct role_lead *l = &r->lead;
	int64_t epoch = l->epoch;
	bool given_up;

	if (sim.bug == SIM_BUG_LATE_GIVE_UP && l->change.kind == ROLE_KIND_LEAVE)
		l->change.kind = ROLE_KIND_CHANGE;
	if (sim.bug == SIM_BUG_OTHER_GIVES_UP && l->adopted.old.version > 0 &&
	    l->change.kind == ROLE_KIND_PLAIN) {
		l->change.kind = ROLE_KIND_CHANGE;
		l->change.before = l->adopted.old;
		l->epoch = 1;
	}
	given_up = __real_role_change_give_up(r, out);
	l->epoch = epoch;
	return given_up;
}

void
sim_bug_start(struct role_record *r)
{
	if (sim.bug == SIM_BUG_FORGET_JOINT)
		drop_joint(&r->members);
}
