/* What people and programs are told. Nothing here decides. Of memberships:
 * conclave-membership(7). */
#include "peer/role_impl.h"

#include <string.h>

void
role_fill_view(const struct role *r, enum role_phase phase, struct role_view *out)
{
	memset(out, 0, sizeof(*out));
	out->phase = phase;
	out->has_leader = out->phase == ROLE_BROADCAST;
	if (out->has_leader) {
		out->state = r->vote.state;
		out->leader = r->vote.leader;
		out->active = r->mode == ROLE_MODE_LEAD;
	} else {
		role_look_view(r, out);
	}
	/* after a start: of the leader before it */
	out->epoch = r->published > 0 ? r->published : role_current(r);
	out->round = r->vote.round;
	out->reason = role_reason(r);
	out->older = out->reason == ROLE_REASON_OLDER ? r->older : 0;
	out->error = r->error;
	if (r->epochs.bad && r->epochs.writing && r->error == 0)
		out->since_ms = r->epochs.write_ms;
	if (out->reason == ROLE_REASON_AHEAD) {
		out->promised = r->epochs.promised;
		out->others = r->limit.others;
	}
}

/* ---- learners ---- */

unsigned
role_get_learners(const struct role *r, uint64_t now_ms,
                  struct role_learner_view out[ROLE_LEARNERS_MAX])
{
	unsigned count = 0;

	if (r->mode != ROLE_MODE_LEAD)
		return 0;
	for (unsigned i = 0; i < r->remote_count; i++) {
		const struct role_remote *p = &r->remotes[i];
		enum role_phase phase = ROLE_DISCOVERY;

		if (!role_is_open(p))
			continue;
		if (p->link.released > 0)
			phase = ROLE_BROADCAST;
		else if (p->link.told > 0)
			phase = ROLE_SYNCHRONIZATION;
		out[count++] = (struct role_learner_view){
		    .id = p->sid,
		    .phase = phase,
		    .promised = p->link.promised > 0,
		    .acked = p->link.acked > 0,
		    .last_ms = now_ms > p->link.word_ms ? now_ms - p->link.word_ms : 0,
		};
	}
	return count;
}

/* ---- memberships ---- */

static void
miss(struct role_members_view *v, int64_t sid)
{
	for (unsigned i = 0; i < v->missing_count; i++)
		if (v->missing[i] == sid)
			return;
	if (v->missing_count < MEMBERS_MAX)
		v->missing[v->missing_count++] = sid;
}

/* The voters of `m`, but for us, of which `has` is not true. */
static void
miss_all(const struct role *r, const struct members *m, role_has *has,
         struct role_members_view *v)
{
	for (unsigned i = 0; i < m->count; i++) {
		const struct member *e = &m->list[i];
		const struct role_remote *p = role_find_remote(r, e->sid);

		if (!e->observer && e->sid != r->config.sid && (!p || !has(r, p)))
			miss(v, e->sid);
	}
}

static bool
is_linked(const struct role *r, const struct role_remote *p)
{
	(void)r;
	return p->election == ROLE_ELECTION_UP || role_is_open(p);
}

static bool
is_learner(const struct role *r, const struct role_remote *p)
{
	(void)r;
	return role_is_open(p);
}

static bool
has_acked(const struct role *r, const struct role_remote *p)
{
	return role_is_open(p) && p->link.acked == r->lead.proposal;
}

static void
name_other(struct role_members_view *v, enum role_members_state state, int64_t sid)
{
	v->state = state;
	v->has_other = true;
	v->other = sid;
}

/* A learner whose file has the version of ours, and differs. */
static bool
find_other_file(const struct role *r, enum role_members_state state,
                struct role_members_view *v)
{
	for (unsigned i = 0; i < r->remote_count; i++) {
		const struct role_link *l = &r->remotes[i].link;

		if (l->known && l->file_version == r->members.file.version &&
		    l->file_digest != members_digest(&r->members.file)) {
			name_other(v, state, r->remotes[i].sid);
			return true;
		}
	}
	return false;
}

/* The server that shows another disk than `m` has of it; NULL: there is none. */
static const struct role_remote *
find_new_disk(const struct role *r, const struct members *m)
{
	for (unsigned i = 0; i < m->count; i++) {
		const struct member *e = &m->list[i];
		const struct role_remote *p = role_find_remote(r, e->sid);

		if (!e->observer && p && p->link.known &&
		    !members_instance_equal(&p->link.instance, &e->instance))
			return p;
	}
	return NULL;
}

static void
say_change(const struct role *r, struct role_members_view *v)
{
	const struct role_lead *l = &r->lead;
	const struct role_remote *p = find_new_disk(r, &l->change.before);

	v->from = l->change.before.version;
	v->to = l->adopted.new.version;
	if (p && v->from == v->to) {
		name_other(v, ROLE_MEMBERS_NEW_DISK, p->sid);
		return;
	}
	v->state = ROLE_MEMBERS_UNDER_WAY;
	miss_all(r, &l->adopted.old, has_acked, v);
	miss_all(r, &l->adopted.new, has_acked, v);
}

/* An established leader. */
static void
say_lead(const struct role *r, uint64_t now_ms, struct role_members_view *v)
{
	const struct role_lead *l = &r->lead;
	const struct role_change *c = &l->change;
	const struct role_remote *p = find_new_disk(r, &l->adopted.new);
	bool wished = r->members.file.version > l->adopted.new.version;
	int64_t missing[MEMBERS_MAX];
	struct members target;
	unsigned count;

	if (c->kind == ROLE_KIND_CHANGE || c->kind == ROLE_KIND_LEAVE) {
		say_change(r, v);
	} else if (v->joint && c->kind == ROLE_KIND_PLAIN) {
		/* another leader's change, which waits for promises as long as our lease
		 */
		v->state = ROLE_MEMBERS_UNDER_WAY;
		miss_all(r, &l->adopted.new, has_acked, v);
	} else if (wished || c->kind == ROLE_KIND_ABORT) {
		v->from = l->adopted.new.version;
		v->to = wished ? r->members.file.version : c->given_up;
		v->state = now_ms < c->retry_ms || c->kind == ROLE_KIND_ABORT
		               ? ROLE_MEMBERS_GIVEN_UP
		               : ROLE_MEMBERS_WAITS_JOIN;
		count = role_change_target(r, &target, now_ms, missing);
		for (unsigned i = 0; i < count; i++)
			miss(v, missing[i]);
		if (v->state == ROLE_MEMBERS_GIVEN_UP)
			miss_all(r, &r->members.file, is_learner, v);
	} else if (p && role_change_readmits(r, p->sid, now_ms) >= ROLE_READMITS) {
		name_other(v, ROLE_MEMBERS_DISK_CHANGES, p->sid);
		v->times = role_change_readmits(r, p->sid, now_ms) + 1;
	} else if (p) {
		name_other(v, ROLE_MEMBERS_NEW_DISK, p->sid);
	} else {
		find_other_file(r, ROLE_MEMBERS_TWO_FILES, v);
	}
}

/* The leader whom we followed last, and may be about to follow again, ended the link. */
static bool
is_turned_away(const struct role *r)
{
	bool ended = r->lost == MSG_REASON_EOF || r->lost == MSG_REASON_RESET;

	return (ended || r->mode == ROLE_MODE_FOLLOW) &&
	       r->vote.leader != r->config.sid && r->look.reason == MSG_LOOK_REFUSED;
}

/* N8: one that was down while it was removed has an old record. Its file does not list it
 * any more, and a leader to which it still counted would not turn it away. */
static bool
was_removed(const struct role *r)
{
	const struct members *file = &r->members.file;

	return file->version > role_record(r)->new.version &&
	       !members_find(file, r->config.sid) && is_turned_away(r);
}

/* The record came from a leader that had no time to take our disk into it. */
static bool
is_new_disk(const struct role *r, const struct members *m)
{
	const struct member *e = members_find(m, r->config.sid);

	return e && !e->observer &&
	       !members_instance_equal(&e->instance, &r->epochs.record.instance);
}

/* Nobody leads, as far as we know. */
static void
say_looking(const struct role *r, struct role_members_view *v)
{
	const struct members_record *record = role_record(r);
	const struct role_remote *p = find_new_disk(r, &record->new);

	if (was_removed(r)) {
		v->state = ROLE_MEMBERS_REMOVED;
		v->version = r->members.file.version;
		return;
	}
	if (v->joint)
		v->state = ROLE_MEMBERS_LEFT_JOINT;
	else if (is_new_disk(r, &record->new))
		name_other(v, ROLE_MEMBERS_NEW_DISK_WAITS, r->config.sid);
	else if (p)
		name_other(v, ROLE_MEMBERS_NEW_DISK_WAITS, p->sid);
	else
		return;
	miss_all(r, &record->old, is_linked, v);
	miss_all(r, &record->new, is_linked, v);
}

/* N10: a server with an epoch, so of a group, was elected, knows us, and could not lead.
 */
static bool
has_lost_a_disk(const struct role *r)
{
	return !role_observes(r) && !r->epochs.record.may_found && r->members.listed &&
	       r->vote.leader != r->config.sid && vote_claimed_epoch(r->vote.epoch) > 0 &&
	       r->look.reason != MSG_LOOK_START;
}

/* As far as we know. */
static bool
may_found_too(const struct role *r, const struct role_remote *p)
{
	return is_linked(r, p) && (!p->link.known || p->link.record_epoch > 0 ||
	                           p->link.may_found || p->link.file_version == 1);
}

static void
say_none(const struct role *r, bool leads, struct role_members_view *v)
{
	if (!leads && has_lost_a_disk(r)) {
		name_other(v, ROLE_MEMBERS_NEW_DISK_WAITS, r->config.sid);
		miss_all(r, &r->members.file, is_linked, v);
	} else if (!role_may_found(r)) {
		v->state = leads ? ROLE_MEMBERS_WAITS_JOIN : ROLE_MEMBERS_NO_GROUP;
		if (!leads && !r->members.listed && is_turned_away(r))
			name_other(v, ROLE_MEMBERS_NO_GROUP, r->vote.leader);
	} else if (!find_other_file(r, ROLE_MEMBERS_FOUNDING_DIFFERS, v)) {
		v->state = ROLE_MEMBERS_FOUNDING_WAITS;
		miss_all(r, &r->members.file, may_found_too, v);
	}
}

/* A follower, or one whose file and record are all that it knows. */
static void
say_record(const struct role *r, bool led, struct role_members_view *v)
{
	const struct members *now = &role_record(r)->new, *file = &r->members.file;
	bool same = file->version == now->version;
	bool wished = file->version > now->version && members_find(file, r->config.sid);

	if (!v->joint && !members_find(now, r->config.sid) && !wished) {
		/* the others need us no more, even before they are done */
		v->state = ROLE_MEMBERS_REMOVED;
		v->version = now->version;
	} else if (v->joint || r->members.in_force != now->version) {
		v->state = ROLE_MEMBERS_UNDER_WAY;
	} else if (file->version > now->version) {
		v->state = ROLE_MEMBERS_WAITS_JOIN;
		if (led)
			name_other(v, v->state, r->vote.leader);
	} else if (!same) {
		v->state = ROLE_MEMBERS_FILE_OLDER;
	} else if (!members_same_list(file, now)) {
		name_other(v, ROLE_MEMBERS_TWO_FILES, r->vote.leader);
	}
}

const struct members_record *
role_get_membership(const struct role *r)
{
	return role_has_record(r) ? role_record(r) : NULL;
}

void
role_get_members(const struct role *r, uint64_t now_ms, struct role_members_view *v)
{
	const struct members_record *record = role_record(r);
	bool leads = r->mode == ROLE_MODE_LEAD && r->lead.epoch > 0;
	bool led = leads || (r->mode == ROLE_MODE_FOLLOW && r->follow.epoch > 0);

	memset(v, 0, sizeof(*v));
	if (!r->config.zab)
		return;
	v->has_record = role_has_record(r);
	v->joint = record->old.version > 0;
	v->version = v->has_record ? r->members.in_force : 0; /* refounding drops it */
	v->wished = r->members.file.version;
	v->from = v->joint ? record->old.version : 0;
	v->to = v->joint ? record->new.version : 0;
	v->other_timing = r->timing.tick_ms != r->config.tick_ms ||
	                  r->timing.init_limit != r->config.init_limit ||
	                  r->timing.sync_limit != r->config.sync_limit;
	if (!v->has_record)
		say_none(r, led, v);
	else if (leads)
		say_lead(r, now_ms, v);
	else
		say_record(r, led, v);
	if (v->has_record && !led && v->state != ROLE_MEMBERS_REMOVED)
		say_looking(r, v);
}

const char *
role_members_state_name(enum role_members_state s)
{
	static const char *const words[] = {
	    [ROLE_MEMBERS_IN_FORCE] = "in-force",
	    [ROLE_MEMBERS_FOUNDING_WAITS] = "founding-waits",
	    [ROLE_MEMBERS_FOUNDING_DIFFERS] = "founding-differs",
	    [ROLE_MEMBERS_NO_GROUP] = "no-group",
	    [ROLE_MEMBERS_WAITS_JOIN] = "waits-join",
	    [ROLE_MEMBERS_UNDER_WAY] = "under-way",
	    [ROLE_MEMBERS_GIVEN_UP] = "given-up",
	    [ROLE_MEMBERS_LEFT_JOINT] = "left-joint",
	    [ROLE_MEMBERS_FILE_OLDER] = "file-older",
	    [ROLE_MEMBERS_TWO_FILES] = "two-files",
	    [ROLE_MEMBERS_NEW_DISK] = "new-disk",
	    [ROLE_MEMBERS_NEW_DISK_WAITS] = "new-disk-waits",
	    [ROLE_MEMBERS_REMOVED] = "removed",
	    [ROLE_MEMBERS_DISK_CHANGES] = "disk-changes",
	};

	return (unsigned)s <= ROLE_MEMBERS_DISK_CHANGES ? words[s] : "?";
}
