/* What the leader does about memberships: it adopts the newest record that is reported
 * (N4), founds a group (N3), changes its members by two renewals (N6), gives up the first
 * of them (N7), and takes in again who has a new disk. The renewals themselves are the
 * leader's ordinary ones, in role_lead.c. */
#include "peer/role_impl.h"

#include <string.h>

/* A change that was given up is tried again after so many times init_limit. */
#define AGAIN_TIMES 2
/* N6: what was taken in again longer ago is forgotten. */
#define READMIT_MS (10 * 60 * 1000)

void
role_change_start(struct role *r)
{
	r->lead.adopted = *role_record(r);
	r->members.changed = true;
}

enum role_adoption
role_change_adopt(struct role *r, const struct members_record *record)
{
	struct role_lead *l = &r->lead;

	if (record->epoch <= l->adopted.epoch ||
	    (l->promised && record->epoch <= l->proposal))
		return ROLE_ADOPT_NOTHING;
	l->adopted = *record;
	l->change.kind = ROLE_KIND_PLAIN;
	r->members.changed = true;
	r->members.unfit = !role_is_member_of(r, record);
	return r->members.unfit ? ROLE_ADOPT_UNFIT : ROLE_ADOPT_TAKEN;
}

/* ---- founding ---- */

static bool
is_founder(const struct role *r, const struct role_remote *p)
{
	return p->link.known && p->link.record_epoch == 0 &&
	       (p->link.file_version == 1 || p->link.may_found) &&
	       p->link.file_version == r->members.file.version &&
	       p->link.file_digest == members_digest(&r->members.file);
}

bool
role_change_found(struct role *r, role_has *has_promised)
{
	struct members_record *record = &r->lead.adopted;

	if (!role_may_found(r) || !role_is_all_of_file(r, has_promised) ||
	    !role_is_all_of_file(r, is_founder))
		return false;
	record->new = r->members.file;
	for (unsigned i = 0; i < record->new.count; i++) {
		struct member *e = &record->new.list[i];

		if (e->observer)
			continue;
		e->instance = e->sid == r->config.sid
		                  ? r->epochs.record.instance
		                  : role_remote(r, e->sid)->link.instance;
	}
	r->lead.change.kind = ROLE_KIND_FOUND;
	r->members.changed = true;
	return true;
}

/* ---- changes ---- */

static bool
is_in(const struct members *m, int64_t sid, const struct members_instance *instance)
{
	const struct members_id id = {sid, *instance};

	return members_is_voter(m, &id);
}

/* The instance that `sid` shows, or else that it has in the present membership. False: it
 * shows none, or is new and has not acknowledged the present epoch. */
static bool
find_instance(const struct role *r, int64_t sid, struct members_instance *out)
{
	const struct members *now = &r->lead.adopted.new;
	const struct role_remote *p = role_find_remote(r, sid);
	const struct member *e = members_find(now, sid);
	bool known = p && role_is_open(p) && p->link.known;

	if (sid == r->config.sid)
		*out = r->epochs.record.instance;
	else if (known)
		*out = p->link.instance;
	else if (e && !e->observer)
		*out = e->instance;
	else
		return false;
	return sid == r->config.sid || is_in(now, sid, out) ||
	       p->link.acked == r->lead.epoch;
}

/* `t` is a list without the right instances: gives them. Counts who is missing. */
static unsigned
fill_instances(const struct role *r, struct members *t, int64_t missing[MEMBERS_MAX])
{
	unsigned count = 0;

	for (unsigned i = 0; i < t->count; i++) {
		struct member *e = &t->list[i];

		if (!e->observer && !find_instance(r, e->sid, &e->instance))
			missing[count++] = e->sid;
	}
	return count;
}

static bool
counts(const struct role_readmit *a, int64_t sid, uint64_t now_ms)
{
	return a->used && a->sid == sid && now_ms < a->at_ms + READMIT_MS;
}

unsigned
role_change_readmits(const struct role *r, int64_t sid, uint64_t now_ms)
{
	unsigned count = 0;

	for (unsigned i = 0; i < ROLE_READMITS_MAX; i++)
		count += counts(&r->members.readmits[i], sid, now_ms);
	return count;
}

static void
note_readmit(struct role *r, int64_t sid, uint64_t now_ms)
{
	struct role_readmit *list = r->members.readmits, *oldest = list;

	for (unsigned i = 0; i < ROLE_READMITS_MAX; i++) {
		if (!list[i].used || list[i].at_ms < oldest->at_ms)
			oldest = &list[i];
		if (!list[i].used)
			break;
	}
	oldest->sid = sid;
	oldest->at_ms = now_ms;
	oldest->used = true;
}

static bool
has_other_disk(const struct member *e, const struct member *was)
{
	return !e->observer && was && !was->observer &&
	       !members_instance_equal(&was->instance, &e->instance);
}

/* Notes whom a change from `before` to `target` takes in again, but for what is in
 * `known` already. */
static void
note_readmits(struct role *r, const struct members *before, const struct members *target,
              const struct members *known, uint64_t now_ms)
{
	for (unsigned i = 0; i < target->count; i++) {
		const struct member *e = &target->list[i];

		if (has_other_disk(e, members_find(before, e->sid)) &&
		    has_other_disk(e, members_find(known, e->sid)))
			note_readmit(r, e->sid, now_ms);
	}
}

void
role_change_follow(struct role *r, const struct members_record *pair, uint64_t now_ms)
{
	if (pair->old.version > 0 && role_has_record(r))
		note_readmits(r, &pair->old, &pair->new, &role_record(r)->new, now_ms);
}

/* Takes back the new instances of those who were taken in too often. */
static void
limit_readmits(const struct role *r, struct members *t, uint64_t now_ms)
{
	for (unsigned i = 0; i < t->count; i++) {
		struct member *e = &t->list[i];
		const struct member *was = members_find(&r->lead.adopted.new, e->sid);

		if (has_other_disk(e, was) &&
		    role_change_readmits(r, e->sid, now_ms) >= ROLE_READMITS)
			e->instance = was->instance;
	}
}

unsigned
role_change_target(const struct role *r, struct members *t, uint64_t now_ms,
                   int64_t missing[MEMBERS_MAX])
{
	const struct members *now = &r->lead.adopted.new;
	unsigned count;

	if (r->members.file.version > now->version) {
		*t = r->members.file;
		count = fill_instances(r, t, missing);
		limit_readmits(r, t, now_ms);
		if (count == 0)
			return 0;
	} else {
		count = 0;
	}
	*t = *now;
	for (unsigned i = 0; i < t->count; i++) {
		struct members_instance shown;
		struct member *e = &t->list[i];

		if (!e->observer && find_instance(r, e->sid, &shown))
			e->instance = shown;
	}
	limit_readmits(r, t, now_ms);
	return count;
}

static bool
has_shown(const struct role *r, const struct role_remote *p)
{
	(void)r;
	return role_is_open(p) && p->link.known;
}

/* Those that are there, with the disks that they show, could do both steps. A change that
 * begins without them is given up, or stays joint where the leader dies. */
static bool
can_succeed(const struct role *r, const struct members *target)
{
	const struct members_record record = {.old = r->lead.adopted.new, .new = *target};

	return role_is_quorum(r, &record, has_shown);
}

bool
role_change_begin(struct role *r, const struct role_actions *out)
{
	struct role_lead *l = &r->lead;
	struct role_change *c = &l->change;
	int64_t missing[MEMBERS_MAX];
	struct members target;

	if (l->epoch == 0 || l->epoch != l->proposal || l->adopted.old.version > 0 ||
	    out->now_ms < c->retry_ms)
		return false;
	(void)role_change_target(r, &target, out->now_ms, missing);
	if (members_equal(&target, &l->adopted.new) || !can_succeed(r, &target))
		return false;
	note_readmits(r, &l->adopted.new, &target, &l->adopted.new, out->now_ms);
	c->kind = ROLE_KIND_CHANGE;
	c->before = l->adopted.new;
	l->adopted.old = l->adopted.new;
	l->adopted.new = target;
	r->members.changed = true;
	return true;
}

void
role_change_leave(struct role *r)
{
	struct role_lead *l = &r->lead;

	l->change.kind = ROLE_KIND_LEAVE;
	memset(&l->adopted.old, 0, sizeof(l->adopted.old));
	/* who is to go may go now */
	memset(&l->ruling.old, 0, sizeof(l->ruling.old));
	r->members.changed = true;
}

bool
role_change_give_up(struct role *r, const struct role_actions *out)
{
	struct role_lead *l = &r->lead;
	struct role_change *c = &l->change;

	if (c->kind != ROLE_KIND_CHANGE || l->epoch == 0)
		return false;
	c->kind = ROLE_KIND_ABORT;
	c->given_up = l->adopted.new.version;
	c->given_up_ms = out->now_ms;
	c->retry_ms =
	    out->now_ms + role_ticks(r, AGAIN_TIMES * (uint64_t)r->timing.init_limit);
	l->adopted.new = c->before;
	memset(&l->adopted.old, 0, sizeof(l->adopted.old));
	r->members.changed = true;
	return true;
}

uint64_t
role_change_due_ms(const struct role *r)
{
	const struct role_lead *l = &r->lead;

	if (l->epoch == 0 || l->epoch != l->proposal ||
	    l->change.retry_ms <= l->counted_ms)
		return UINT64_MAX;
	return l->change.retry_ms;
}
