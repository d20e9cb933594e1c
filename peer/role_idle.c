/* The modes without a role: before the start, halted, while a write hangs, looking, and
 * waiting before we look again. Follows QuorumPeer.run of ZooKeeper, turned inside out.
 * Ours, not ZooKeeper's: we wait before we look again at a server that turns us away, and
 * a record that cannot be written is no crash. */
#include "peer/role_impl.h"

static void
on_start(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	r->generation = ev->generation;
	if (ev->unusable) {
		r->mode = ROLE_MODE_HALTED;
		r->reason = ROLE_REASON_EPOCHS;
		role_close_all(r, NULL, ROLE_CLOSE_NO_ROLE, out);
		return;
	}
	r->reason = ROLE_REASON_NONE;
	role_epochs_start(r, &ev->record);
	r->members.changed = true;
	role_members_settle(r, out);
	r->look.reason = MSG_LOOK_START;
	role_lease_start(r, ev, out);
	if (role_resume_start(r, out))
		role_lead_resume(r, out);
	else
		role_look(r, out);
}

/* Has the election named what we can be? */
static bool
is_possible(struct role *r, const struct vote *v)
{
	/* N9: one of which we know nothing but its address may lead a newer membership */
	bool is_leader = role_find_remote(r, v->leader) &&
	                 (r->config.zab || role_sid_may_lead(r, v->leader));

	switch (v->state) {
	case NOTIF_LEADING:
		return v->leader == r->config.sid && !role_observes(r) && r->stands;
	case NOTIF_FOLLOWING:
		return is_leader && !role_observes(r);
	case NOTIF_OBSERVING:
		return is_leader && role_observes(r);
	default:
		return false;
	}
}

static void
on_decided(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	r->vote = ev->vote;
	r->lost = MSG_REASON_NONE;
	if (!is_possible(r, &ev->vote)) {
		role_look_again(r, MSG_LOOK_REFUSED, false, out);
		return;
	}
	role_announce(r, out);
	r->role_count = r->count;
	if (!r->config.zab)
		role_bare_start(r, out);
	else if (r->vote.state == NOTIF_LEADING)
		role_lead_start(r, out);
	else
		role_follow_start(r, out);
}

static uint64_t
wait_due_ms(const struct role *r)
{
	return r->wait_ms;
}

static void
stay_absent(struct role *r, struct role_actions *out)
{
	(void)r;
	role_act(out, ROLE_ACT_ABSENT);
}

/* The remote has elected us, and waits until we have decided. It answers a PING. */
static void
hold(struct role *r, struct role_remote *p, const struct role_event *ev,
     struct role_actions *out)
{
	(void)r;
	if (ev->packet->type != QPACKET_PING)
		role_close(p, ROLE_CLOSE_UNEXPECTED, out);
}

/* Our port, our disk and what others promised change whether we stand in a look. */
static void
restand(struct role *r, struct role_actions *out)
{
	if (r->stands != role_may_stand(r))
		role_look(r, out);
}

static void
joined(struct role *r, struct role_remote *p, struct role_actions *out)
{
	(void)out;
	role_limit_report(r, p, p->link.accepted);
}

/* While we look: its report may tell that we should not stand, or may again. */
static void
joined_and_restand(struct role *r, struct role_remote *p, struct role_actions *out)
{
	joined(r, p, out);
	restand(r, out);
}

const struct role_ops role_new_ops = {
    .start = on_start,
    .joined = joined,
    .packet = hold,
};

const struct role_ops role_halted_ops = {
    .start = on_start,
    .refuses = ROLE_CLOSE_NO_ROLE,
};

const struct role_ops role_stalled_ops = {
    .refuses = ROLE_CLOSE_NO_ROLE,
    .written = role_look,
    .again = stay_absent,
};

const struct role_ops role_looking_ops = {
    .decided = on_decided,
    .stand = restand,
    .joined = joined_and_restand,
    .packet = hold,
    .due = role_look_due,
    .due_ms = role_look_due_ms,
    .again = role_send_look,
};

/* D5: the leader that turned us away looks for a leader itself, so that our wait is over.
 */
const struct role_ops role_waiting_ops = {
    .doubt = role_look,
    .joined = joined,
    .packet = hold,
    .due = role_look,
    .due_ms = wait_due_ms,
    .lost = role_look,
};
