/* Who counts, and for whom: rules N1 to N9 of docs/MEMBERSHIP.md. A server goes by its
 * record; the file is a wish, and says who may found a group. Beyond ZooKeeper. */
#include "peer/role_impl.h"

#include <string.h>

const struct members_record *
role_record(const struct role *r)
{
	return &r->epochs.record.members;
}

bool
role_has_record(const struct role *r)
{
	return role_record(r)->epoch > 0;
}

int64_t
role_version(const struct members_record *record)
{
	return record->old.version > 0 ? record->old.version : record->new.version;
}

static struct members_id
own_id(const struct role *r)
{
	return (struct members_id){r->config.sid, r->epochs.record.instance};
}

static bool
is_voter_by_sid(const struct members *m, int64_t sid)
{
	const struct member *e = members_find(m, sid);

	return e && !e->observer;
}

bool
role_observes(const struct role *r)
{
	const struct members_record *record = role_record(r);

	if (!role_has_record(r))
		return !is_voter_by_sid(&r->members.file, r->config.sid);
	return !is_voter_by_sid(&record->old, r->config.sid) &&
	       !is_voter_by_sid(&record->new, r->config.sid);
}

bool
role_sid_may_lead(const struct role *r, int64_t sid)
{
	const struct members_record *record = role_record(r);

	if (!role_has_record(r))
		return members_may_lead(&r->members.file, sid);
	return members_may_lead(&record->old, sid) || members_may_lead(&record->new, sid);
}

bool
role_is_newcomer(const struct members_record *record, int64_t sid)
{
	return record->old.version > 0 && !members_may_lead(&record->old, sid);
}

bool
role_is_preferred(const struct role *r, int64_t a, int64_t b)
{
	const struct members *m =
	    role_has_record(r) ? &role_record(r)->new : &r->members.file;
	const struct member *one = members_find(m, a), *other = members_find(m, b);
	int64_t first = one ? one->priority : 0, second = other ? other->priority : 0;

	return first != second ? first > second : a > b;
}

bool
role_is_member_of(const struct role *r, const struct members_record *record)
{
	const struct members_id id = own_id(r);

	return members_is_voter(&record->old, &id) || members_is_voter(&record->new, &id);
}

/* N3. */
bool
role_may_found(const struct role *r)
{
	return !role_has_record(r) &&
	       (r->members.file.version == 1 || r->epochs.record.may_found) &&
	       is_voter_by_sid(&r->members.file, r->config.sid);
}

static bool
is_quorum_of_sids(const struct members *m, const int64_t *sids, unsigned count)
{
	struct members_id ids[ROLE_LEARNERS_MAX + 1];
	unsigned used = 0;

	if (m->version == 0)
		return true;
	for (unsigned i = 0; i < count; i++) {
		const struct member *e = members_find(m, sids[i]);

		if (e)
			ids[used++] = (struct members_id){e->sid, e->instance};
	}
	return members_is_quorum(m, ids, used);
}

bool
role_is_quorum_of_sids(const struct role *r, const int64_t *sids, unsigned count)
{
	const struct members_record *record = role_record(r);

	if (!role_has_record(r))
		return is_quorum_of_sids(&r->members.file, sids, count);
	return is_quorum_of_sids(&record->old, sids, count) &&
	       is_quorum_of_sids(&record->new, sids, count);
}

/* Those of the voters of `m`, ourselves among them, that have it. */
static unsigned
collect(const struct role *r, const struct members *m, role_has *has,
        struct members_id ids[MEMBERS_MAX])
{
	unsigned count = 0;

	for (unsigned i = 0; i < m->count; i++) {
		const struct member *e = &m->list[i];
		const struct role_remote *p = role_find_remote(r, e->sid);

		if (e->sid == r->config.sid)
			ids[count++] = own_id(r);
		else if (p && has(r, p))
			ids[count++] = (struct members_id){
			    e->sid, p->link.known ? p->link.instance : e->instance};
	}
	return count;
}

bool
role_is_quorum(const struct role *r, const struct members_record *record, role_has *has)
{
	struct members_id ids[MEMBERS_MAX];

	if (record->old.version > 0 &&
	    !members_is_quorum(&record->old, ids, collect(r, &record->old, has, ids)))
		return false;
	return members_is_quorum(&record->new, ids, collect(r, &record->new, has, ids));
}

bool
role_is_all(const struct role *r, const struct members *m, role_has *has)
{
	struct members_id ids[MEMBERS_MAX];

	return members_is_all(m, ids, collect(r, m, has, ids));
}

/* The file names no instances. */
static unsigned
collect_sids(const struct role *r, role_has *has, int64_t sids[ROLE_LEARNERS_MAX + 1])
{
	unsigned count = 0;

	sids[count++] = r->config.sid;
	for (unsigned i = 0; i < r->remote_count; i++)
		if (has(r, &r->remotes[i]))
			sids[count++] = r->remotes[i].sid;
	return count;
}

bool
role_is_quorum_of_file(const struct role *r, role_has *has)
{
	int64_t sids[ROLE_LEARNERS_MAX + 1];

	return is_quorum_of_sids(&r->members.file, sids, collect_sids(r, has, sids));
}

bool
role_is_all_of_file(const struct role *r, role_has *has)
{
	const struct members *m = &r->members.file;

	for (unsigned i = 0; i < m->count; i++) {
		const struct role_remote *p = role_find_remote(r, m->list[i].sid);

		if (!m->list[i].observer && m->list[i].sid != r->config.sid &&
		    (!p || !has(r, p)))
			return false;
	}
	return true;
}

/* ---- the remotes ---- */

static bool
is_listed(const struct role_members *t, int64_t sid)
{
	for (unsigned i = 0; i < t->sid_count; i++)
		if (t->sids[i] == sid)
			return true;
	return false;
}

static void
list_sid(struct role_members *t, int64_t sid)
{
	if (!is_listed(t, sid) && t->sid_count <= ROLE_LEARNERS_MAX)
		t->sids[t->sid_count++] = sid;
}

static void
list_members(struct role_members *t, const struct members *m)
{
	for (unsigned i = 0; i < m->count; i++)
		list_sid(t, m->list[i].sid);
}

#define MEMBERSHIPS 6

/* The memberships that servers are linked for, beside the file; the first two are the
 * record's, the others a leader's. */
static void
memberships(const struct role *r, const struct members *out[MEMBERSHIPS])
{
	const struct members_record *all[] = {role_record(r), &r->lead.adopted,
	                                      &r->lead.ruling};

	for (unsigned i = 0; i < MEMBERSHIPS; i++)
		out[i] = i % 2 == 0 ? &all[i / 2]->old : &all[i / 2]->new;
}

/* N8: who is removed stays linked until it has acknowledged that, and so knows it. */
static void
list_parting(struct role *r)
{
	for (unsigned i = 0; i < r->remote_count; i++) {
		const struct role_link *l = &r->remotes[i].link;

		if (l->number > 0 && l->acked < r->lead.proposal)
			list_sid(&r->members, r->remotes[i].sid);
	}
}

/* Where there are more than fit, those of the file come last: a change waits for them. */
static void
list_all(struct role *r)
{
	const struct members *all[MEMBERSHIPS];
	bool leads = r->mode == ROLE_MODE_LEAD;
	struct role_members *t = &r->members;

	t->sid_count = 0;
	memset(t->sids, 0, sizeof(t->sids));
	list_sid(t, r->config.sid);
	if (r->mode == ROLE_MODE_FOLLOW)
		list_sid(t, r->vote.leader);
	if (t->has_seen)
		list_sid(t, t->seen);
	memberships(r, all);
	for (unsigned i = 0; i < (leads ? MEMBERSHIPS : 2); i++)
		list_members(t, all[i]);
	if (leads)
		list_parting(r);
	list_members(t, &r->members.file);
}

void
role_members_see(struct role *r, int64_t sid)
{
	struct role_members *m = &r->members;

	if (!r->config.zab || sid == r->config.sid || (m->has_seen && m->seen == sid))
		return;
	m->has_seen = true;
	m->seen = sid;
	m->changed = true;
}

void
role_members_part(struct role *r, const struct role_remote *p)
{
	const struct members *all[MEMBERSHIPS];

	memberships(r, all);
	for (unsigned i = 0; i < MEMBERSHIPS; i++)
		if (members_find(all[i], p->sid))
			return;
	r->members.changed |= !members_find(&r->members.file, p->sid);
}

static void
tell(struct role *r, struct role_actions *out)
{
	struct role_told *t = &role_act(out, ROLE_ACT_MEMBERS)->u.members;
	const struct members_record *record = role_record(r);

	t->joins = !role_has_record(r);
	t->current = t->joins ? &r->members.file : &record->new;
	if (!t->joins && record->old.version > 0) {
		t->current = &record->old;
		t->last_seen = &record->new;
	}
	t->count = r->members.sid_count;
	t->sids = r->members.sids;
}

static void
add_remotes(struct role *r)
{
	const struct role_members *t = &r->members;

	for (unsigned i = 0; i < t->sid_count; i++)
		if (t->sids[i] != r->config.sid && !role_find_remote(r, t->sids[i]))
			r->remotes[r->remote_count++].sid = t->sids[i];
}

void
role_members_init(struct role *r)
{
	list_all(r);
	add_remotes(r);
}

void
role_members_settle(struct role *r, struct role_actions *out)
{
	const struct role_members *t = &r->members;
	unsigned kept = 0;

	if (!r->members.changed)
		return;
	r->members.changed = false;
	list_all(r);
	for (unsigned i = 0; i < r->remote_count; i++) {
		struct role_remote *p = &r->remotes[i];

		if (is_listed(t, p->sid))
			r->remotes[kept++] = *p;
		else
			role_close_remote(p, ROLE_CLOSE_NO_MEMBER, out);
	}
	memset(&r->remotes[kept], 0, (r->remote_count - kept) * sizeof(r->remotes[0]));
	r->remote_count = kept;
	add_remotes(r);
	tell(r, out);
}
