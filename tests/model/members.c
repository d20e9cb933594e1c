/* The invariants of memberships: S12 (who is counted is a member with the disk that is
 * remembered), and that memberships follow each other as N3 and N6 have it, so that
 * there are never two in force. Quorums are counted here anew. */
#include "tests/model/model.h"

/* ---- quorums ---- */

/* What it establishes in this step; it may have proposed the next epoch already. */
static int8_t
epoch_of(const struct model_core *r, bool acked)
{
	return acked ? r->established : r->proposal;
}

static bool
is_counted(const struct model_world *w, uint8_t sid, const struct model_core *r,
           const struct member *e, bool acked)
{
	const struct model_remote *p = &r->remotes[e->sid - 1];
	uint8_t number = model_instance_number(&e->instance);

	if (e->sid == sid)
		return number == w->servers[sid - 1].instance;
	return p->open && p->instance == number &&
	       (acked ? p->acked : p->promised) == epoch_of(r, acked);
}

static void
check_quorum(const struct model_world *w, uint8_t sid, const struct model_core *r,
             const struct members *m, bool acked, bool founds)
{
	unsigned count = 0;

	if (m->version == 0)
		return;
	for (unsigned i = 0; i < m->count; i++)
		count += is_counted(w, sid, r, &m->list[i], acked);
	if (2 * count <= m->count)
		model_fail("S12: server %u goes on with epoch %d, which no quorum of "
		           "members %d has %s",
		           sid, epoch_of(r, acked), (int)m->version,
		           acked ? "acknowledged" : "promised");
	if (founds && count < m->count)
		model_fail("N3: server %u founds a group in epoch %d, which not all "
		           "have %s",
		           sid, epoch_of(r, acked), acked ? "acknowledged" : "promised");
}

void
model_check_quorums(const struct model_world *w, uint8_t sid, const struct model_core *r,
                    bool acked, bool founds)
{
	const struct members_record *pair = model_pair(r->proposed);

	check_quorum(w, sid, r, &pair->old, acked, false);
	check_quorum(w, sid, r, &pair->new, acked, founds);
}

/* ---- what follows what ---- */

/* A voter with its disk. */
static bool
is_member(const struct model_world *w, const struct members *m, uint8_t sid)
{
	const struct member *e = members_find(m, sid);

	return e && model_instance_number(&e->instance) == w->servers[sid - 1].instance;
}

static bool
may_follow(const struct members_record *was, const struct members_record *now)
{
	const struct members *in = &was->new, *to = &now->new;

	if (members_same_record(was, now))
		return true;
	if (was->old.version > 0) /* the second renewal */
		return now->old.version == 0 && members_equal(in, to);
	return members_equal(in, &now->old) &&
	       (to->version > in->version ||
	        (to->version == in->version && members_same_list(to, in)));
}

void
model_check_members(struct model_world *w, uint8_t sid, const struct model_core *r)
{
	const struct members_record *now = model_pair(r->proposed);

	if (!is_member(w, &now->old, sid) && !is_member(w, &now->new, sid))
		model_fail("S12: server %u leads epoch %d, and is no member", sid,
		           r->established);
	if (w->members == 0 && now->old.version > 0)
		model_fail("N3: server %u founds a group that is joint", sid);
	if (w->members > 0 && !may_follow(model_pair(w->members), now))
		model_fail(
		    "N6: server %u puts members %d%s into force in epoch %d, which "
		    "do not follow from members %d",
		    sid, (int)now->new.version, now->old.version > 0 ? ", joint," : "",
		    r->established, (int)model_pair(w->members)->new.version);
	w->members = r->proposed;
}
