/* Bugs on purpose in the rules of memberships (docs/MEMBERSHIP.md), in the place of the
 * functions that the core asks: the linker's --wrap puts them there, so that the core
 * stays as it is. */
#include "tests/model/bug.h"

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
bool __real_role_is_promised(struct role *r);
bool __wrap_role_is_promised(struct role *r);
bool __real_role_is_acked(const struct role *r);
bool __wrap_role_is_acked(const struct role *r);
void __real_role_change_start(struct role *r);
void __wrap_role_change_start(struct role *r);
enum role_adoption __real_role_change_adopt(struct role *r,
                                            const struct members_record *record);
enum role_adoption __wrap_role_change_adopt(struct role *r,
                                            const struct members_record *record);
bool __real_role_change_begin(struct role *r, const struct role_actions *out);
bool __wrap_role_change_begin(struct role *r, const struct role_actions *out);
void __real_role_change_leave(struct role *r);
void __wrap_role_change_leave(struct role *r);
bool __real_role_change_give_up(struct role *r, const struct role_actions *out);
bool __wrap_role_change_give_up(struct role *r, const struct role_actions *out);
bool __real_role_is_fresher(int64_t epoch, int64_t zxid, int64_t than_epoch,
                            int64_t than_zxid);
bool __wrap_role_is_fresher(int64_t epoch, int64_t zxid, int64_t than_epoch,
                            int64_t than_zxid);
bool __real_role_epochs_recorded(const struct role *r, int64_t epoch);
bool __wrap_role_epochs_recorded(const struct role *r, int64_t epoch);
bool __real_members_is_voter(const struct members *m, const struct members_id *id);
bool __wrap_members_is_voter(const struct members *m, const struct members_id *id);
bool __real_members_is_quorum(const struct members *m, const struct members_id *ids,
                              unsigned count);
bool __wrap_members_is_quorum(const struct members *m, const struct members_id *ids,
                              unsigned count);

/* ---- who counts ---- */

static bool
is_any_disk(const struct members *m, const struct members_id *id)
{
	const struct member *e = members_find(m, id->sid);
	struct members_id as_known = {id->sid, {{0}}};

	if (!e)
		return false;
	as_known.instance = e->instance;
	return __real_members_is_voter(m, &as_known);
}

bool
__wrap_members_is_voter(const struct members *m, const struct members_id *id)
{
	if (model_bug == MODEL_BUG_NO_INSTANCE)
		return is_any_disk(m, id);
	return __real_members_is_voter(m, id);
}

bool
__wrap_members_is_quorum(const struct members *m, const struct members_id *ids,
                         unsigned count)
{
	unsigned used = 0;

	if (model_bug != MODEL_BUG_NO_INSTANCE)
		return __real_members_is_quorum(m, ids, count);
	for (unsigned i = 0; i < count; i++)
		used += is_any_disk(m, &ids[i]);
	return 2 * used > m->count;
}

/* We count, though `m` may not have us. */
static bool
is_quorum_with_us(const struct role *r, const struct members *m, role_has *has)
{
	unsigned count = 1;

	if (m->version == 0)
		return true;
	for (unsigned i = 0; i < m->count; i++) {
		const struct role_remote *p = role_find_remote(r, m->list[i].sid);

		count += p && has(r, p);
	}
	return 2 * count > m->count;
}

bool
__wrap_role_is_quorum(const struct role *r, const struct members_record *record,
                      role_has *has)
{
	struct members_record changed = *record;

	if (model_bug == MODEL_BUG_NO_QUORUM && r->lease.since > 0 &&
	    r->lease.since <= MODEL_NOW_MS)
		return true;
	if (model_bug == MODEL_BUG_SELF)
		return is_quorum_with_us(r, &record->old, has) &&
		       is_quorum_with_us(r, &record->new, has);
	if (model_bug == MODEL_BUG_OLD_ONLY && record->old.version > 0)
		changed.new = record->old;
	if (model_bug == MODEL_BUG_NEW_ONLY || model_bug == MODEL_BUG_OLD_ONLY)
		memset(&changed.old, 0, sizeof(changed.old));
	return __real_role_is_quorum(r, &changed, has);
}

bool
__wrap_role_is_member_of(const struct role *r, const struct members_record *record)
{
	struct members_record changed = *record;

	if (model_bug == MODEL_BUG_NEW_LEADS)
		memset(&changed.old, 0, sizeof(changed.old));
	return model_bug == MODEL_BUG_SELF || __real_role_is_member_of(r, &changed);
}

bool
__wrap_role_is_promised(struct role *r)
{
	if (model_bug == MODEL_BUG_NO_PROMISE && r->lead.change.kind == ROLE_KIND_LEAVE &&
	    r->epochs.accepted >= r->lead.proposal)
		return true;
	return __real_role_is_promised(r);
}

bool
__wrap_role_is_acked(const struct role *r)
{
	static struct role changed;

	if (model_bug != MODEL_BUG_ACK_OLD || r->lead.proposed.old.version == 0)
		return __real_role_is_acked(r);
	changed = *r;
	changed.lead.proposed.new = r->lead.proposed.old;
	memset(&changed.lead.proposed.old, 0, sizeof(changed.lead.proposed.old));
	return __real_role_is_acked(&changed);
}

bool
__wrap_role_epochs_recorded(const struct role *r, int64_t epoch)
{
	if (model_bug == MODEL_BUG_EARLY_ACK)
		return r->epochs.tried_current >= epoch &&
		       r->epochs.record.members.epoch >= epoch;
	return __real_role_epochs_recorded(r, epoch);
}

/* ---- founding ---- */

bool
__wrap_role_is_all(const struct role *r, const struct members *m, role_has *has)
{
	struct members_record record;

	if (model_bug != MODEL_BUG_FOUND_MAJORITY)
		return __real_role_is_all(r, m, has);
	memset(&record, 0, sizeof(record));
	record.new = *m;
	return __real_role_is_quorum(r, &record, has);
}

bool
__wrap_role_is_all_of_file(const struct role *r, role_has *has)
{
	if (model_bug == MODEL_BUG_FOUND_MAJORITY)
		return role_is_quorum_of_file(r, has);
	return __real_role_is_all_of_file(r, has);
}

bool
__wrap_role_may_found(const struct role *r)
{
	if (model_bug == MODEL_BUG_FOUND_VERSION && !role_has_record(r))
		return members_find(&r->members.file, r->config.sid);
	return __real_role_may_found(r);
}

/* ---- the leader ---- */

/* The file, where it is newer. */
static bool
take_file(struct role *r)
{
	struct members *new = &r->lead.adopted.new;

	if (new->version == 0 || r->members.file.version <= new->version)
		return false;
	*new = r->members.file;
	for (unsigned i = 0; i < new->count; i++)
		new->list[i].instance = model_instance((uint8_t) new->list[i].sid, 1);
	return true;
}

static void
drop_joint(struct members_record *record)
{
	if (record->old.version == 0)
		return;
	record->new = record->old;
	memset(&record->old, 0, sizeof(record->old));
}

/* Who follows and is fresher is elected in our place. That hides what adopting a record
 * is for, but where the fresher one may not lead. */
bool
__wrap_role_is_fresher(int64_t epoch, int64_t zxid, int64_t than_epoch, int64_t than_zxid)
{
	return model_bug != MODEL_BUG_NO_ADOPT && model_bug != MODEL_BUG_BY_VERSION &&
	       __real_role_is_fresher(epoch, zxid, than_epoch, than_zxid);
}

void
__wrap_role_change_start(struct role *r)
{
	__real_role_change_start(r);
	if (model_bug == MODEL_BUG_DROP_JOINT)
		drop_joint(&r->lead.adopted);
	if (model_bug == MODEL_BUG_FILE) {
		drop_joint(&r->lead.adopted);
		(void)take_file(r);
	}
}

enum role_adoption
__wrap_role_change_adopt(struct role *r, const struct members_record *record)
{
	struct members_record *adopted = &r->lead.adopted;
	enum role_adoption adoption = ROLE_ADOPT_NOTHING;

	if (model_bug == MODEL_BUG_FILE || model_bug == MODEL_BUG_NO_ADOPT)
		return ROLE_ADOPT_NOTHING;
	if (model_bug == MODEL_BUG_FOUND_RECORDS && adopted->epoch == 0)
		return ROLE_ADOPT_NOTHING;
	if (model_bug != MODEL_BUG_BY_VERSION) {
		adoption = __real_role_change_adopt(r, record);
	} else if (record->new.version > adopted->new.version && r->lead.epoch == 0) {
		adopted->epoch = record->epoch - 1;
		adoption = __real_role_change_adopt(r, record);
	}
	if (model_bug == MODEL_BUG_DROP_JOINT && adoption == ROLE_ADOPT_TAKEN)
		drop_joint(adopted);
	return adoption;
}

bool
__wrap_role_change_begin(struct role *r, const struct role_actions *out)
{
	struct members_record *adopted = &r->lead.adopted;
	bool begun = __real_role_change_begin(r, out);
	bool in_place = adopted->old.version == adopted->new.version;

	if (begun && (model_bug == MODEL_BUG_NO_JOINT ||
	              (model_bug == MODEL_BUG_IN_PLACE && in_place))) {
		memset(&adopted->old, 0, sizeof(adopted->old));
		r->lead.change.kind = ROLE_KIND_LEAVE;
	}
	return begun;
}

void
__wrap_role_change_leave(struct role *r)
{
	if (model_bug == MODEL_BUG_HASTY && take_file(r))
		r->lead.change.kind = ROLE_KIND_CHANGE;
	else
		__real_role_change_leave(r);
}

bool
__wrap_role_change_give_up(struct role *r, const struct role_actions *out)
{
	struct role_lead *l = &r->lead;
	int64_t epoch = l->epoch;
	bool given_up;

	if (model_bug == MODEL_BUG_LATE_GIVE_UP && l->change.kind == ROLE_KIND_LEAVE)
		l->change.kind = ROLE_KIND_CHANGE;
	if (model_bug == MODEL_BUG_OTHER_GIVES_UP && l->adopted.old.version > 0 &&
	    l->change.kind == ROLE_KIND_PLAIN) {
		l->change.kind = ROLE_KIND_CHANGE;
		l->change.before = l->adopted.old;
		l->epoch = 1;
	}
	given_up = __real_role_change_give_up(r, out);
	l->epoch = epoch;
	return given_up;
}
