/* The core's entry and its table of modes; the modes without a role are here. Follows
 * QuorumPeer.run of ZooKeeper, turned inside out. Ours, not ZooKeeper's: we wait before
 * we look again at a server that turns us away, the elector may doubt our leader, and a
 * record that cannot be written is no crash. */
#include "peer/role_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static const struct role_ops new_ops = {
    .start = on_start,
    .joined = joined,
    .packet = hold,
};

static const struct role_ops halted_ops = {
    .start = on_start,
    .refuses = ROLE_CLOSE_NO_ROLE,
};

static const struct role_ops stalled_ops = {
    .refuses = ROLE_CLOSE_NO_ROLE,
    .written = role_look,
    .again = stay_absent,
};

static const struct role_ops looking_ops = {
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
static const struct role_ops waiting_ops = {
    .doubt = role_look,
    .joined = joined,
    .packet = hold,
    .due = role_look,
    .due_ms = wait_due_ms,
    .lost = role_look,
};

static const struct role_ops *const modes[] = {
    [ROLE_MODE_NEW] = &new_ops,         [ROLE_MODE_HALTED] = &halted_ops,
    [ROLE_MODE_STALLED] = &stalled_ops, [ROLE_MODE_LOOKING] = &looking_ops,
    [ROLE_MODE_WAITING] = &waiting_ops, [ROLE_MODE_FOLLOW] = &role_follow_ops,
    [ROLE_MODE_LEAD] = &role_lead_ops,  [ROLE_MODE_BARE] = &role_bare_ops,
};

static void
doubt(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	if (ev->serial.generation != r->generation || ev->serial.count < r->role_count ||
	    ev->serial.count > r->count)
		return;
	if (r->vote.state != NOTIF_LEADING && ev->sid == r->vote.leader)
		modes[r->mode]->doubt(r, out);
}

static void
link_down(struct role *r, const struct role_remote *p, bool was_up,
          enum msg_reason reason, struct role_actions *out)
{
	if (!modes[r->mode]->link_down)
		return;
	if (p->sid == r->vote.leader)
		r->lost = reason;
	modes[r->mode]->link_down(r, p, was_up, reason, out);
}

static void
bad_packet(struct role *r, struct role_remote *p, struct role_actions *out)
{
	role_close(p, ROLE_CLOSE_BAD, out);
	if (!role_is_open(p))
		link_down(r, p, false, MSG_REASON_PROTOCOL, out);
	else if (modes[r->mode]->joined)
		modes[r->mode]->joined(r, p, out);
}

/* `ev` is about a connection of the learner lane; it meant this. */
static void
turn(struct role *r, struct role_remote *p, enum role_turn turn,
     const struct role_event *ev, struct role_actions *out)
{
	const struct role_ops *ops = modes[r->mode];

	switch (turn) {
	case ROLE_TURN_NONE:
		break;
	case ROLE_TURN_STANDS:
		ops->link_up(r, p, out); /* only who has it dials */
		break;
	case ROLE_TURN_FAILED:
	case ROLE_TURN_ENDED:
		link_down(r, p, turn == ROLE_TURN_ENDED, ev->reason, out);
		break;
	case ROLE_TURN_JOINED:
		if (ops->joined)
			ops->joined(r, p, out);
		break;
	case ROLE_TURN_PACKET:
		if (ev->type == ROLE_EV_PACKET && ops->packet)
			ops->packet(r, p, ev, out);
		else if (ev->type == ROLE_EV_BAD_PACKET)
			bad_packet(r, p, out);
		break;
	}
}

static void
remote(struct role *r, struct role_remote *p, const struct role_event *ev,
       struct role_actions *out)
{
	const struct role_ops *ops = modes[r->mode];

	if (ev->lane == MSG_LANE_ELECTION) {
		role_bare_note(p, ev);
		if (ops->election)
			ops->election(r, out);
	} else if (ev->link == MSG_LINK_UP) {
		turn(r, p, role_link_up(p, ev, ops, out), ev, out);
	} else if (ev->link == MSG_LINK_DOWN) {
		turn(r, p, role_link_down(p, ev->number, out), ev, out);
	}
}

static void
stand(struct role *r, bool could, struct role_actions *out)
{
	if (could != role_may_stand(r) && modes[r->mode]->stand)
		modes[r->mode]->stand(r, out);
}

static void
port(struct role *r, bool open, struct role_actions *out)
{
	bool could = role_may_stand(r);

	r->port_shut = !open;
	stand(r, could, out);
}

static void
written(struct role *r, int error, struct role_actions *out)
{
	bool could = role_may_stand(r);
	/* a follower that has said nothing yet waits for the next retry (D7) */
	bool silent = r->epochs.retry && r->mode == ROLE_MODE_FOLLOW;
	bool ok = role_epochs_written(r, error, out);

	if (modes[r->mode]->written && ok)
		modes[r->mode]->written(r, out);
	else if (modes[r->mode]->written && !silent)
		role_look_again(r, MSG_LOOK_DISK, false, out);
	stand(r, could, out);
}

static void
slow(struct role *r, struct role_actions *out)
{
	role_epochs_slow(r);
	if (modes[r->mode]->stand)
		modes[r->mode]->stand(r, out);
}

static uint64_t
mode_due_ms(const struct role *r)
{
	const struct role_ops *ops = modes[r->mode];

	return ops->due_ms ? ops->due_ms(r) : UINT64_MAX;
}

static void
due(struct role *r, struct role_actions *out)
{
	if (out->now_ms < role_due_ms(r))
		return;
	if (out->now_ms >= role_epochs_due_ms(r)) {
		role_look_again(r, MSG_LOOK_DISK, false, out);
		return;
	}
	if (out->now_ms >= role_epochs_slow_ms(r)) {
		slow(r, out);
		return;
	}
	if (out->now_ms >= role_epochs_retry_ms(r)) {
		role_epochs_retry(r, out);
		return;
	}
	for (unsigned i = 0; i < r->remote_count; i++)
		turn(r, &r->remotes[i], role_link_due(&r->remotes[i], out), NULL, out);
	if (out->now_ms >= mode_due_ms(r))
		modes[r->mode]->due(r, out);
}

static void
lost(struct role *r, struct role_actions *out)
{
	r->away = true;
	role_links_forget(r, out->now_ms);
	if (modes[r->mode]->lost)
		modes[r->mode]->lost(r, out);
}

static void
again(struct role *r, struct role_actions *out)
{
	if (!r->away)
		return;
	r->away = false;
	if (modes[r->mode]->again)
		modes[r->mode]->again(r, out);
}

/* The file is a wish: who leads may begin a change, and who founds goes by it. */
static void
file(struct role *r, const struct members *file, struct role_actions *out)
{
	bool could = role_may_stand(r);

	if (!r->config.zab || members_equal(file, &r->members.file))
		return;
	r->members.file = *file;
	r->members.changed = true;
	if (modes[r->mode]->file)
		modes[r->mode]->file(r, out);
	stand(r, could, out);
}

/* N11. The role ends before the record does, since nobody counts without one. */
static void
refound(struct role *r, struct role_actions *out)
{
	bool could = role_may_stand(r);

	if (!r->epochs.known || r->mode == ROLE_MODE_HALTED || r->epochs.refounds) {
		role_act(out, ROLE_ACT_REFOUNDED)->u.error = -EAGAIN;
		return;
	}
	if (r->mode == ROLE_MODE_FOLLOW || r->mode == ROLE_MODE_LEAD)
		role_look_again(r, MSG_LOOK_MEMBERS, false, out);
	role_epochs_refound(r, out);
	stand(r, could, out);
}

static void
dispatch(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	const struct role_ops *ops = modes[r->mode];
	struct role_remote *p = role_remote(r, ev->sid);

	switch (ev->type) {
	case ROLE_EV_START:
		if (ops->start)
			ops->start(r, ev, out);
		break;
	case ROLE_EV_CLAIM:
		role_epochs_claim(r, ev->claim, out);
		break;
	case ROLE_EV_DECIDED:
		if (ops->decided && msg_serial_compare(&ev->serial, &r->look.serial) == 0)
			ops->decided(r, ev, out);
		break;
	case ROLE_EV_DOUBT:
		if (ops->doubt)
			doubt(r, ev, out);
		break;
	case ROLE_EV_REMOTE:
		if (p)
			remote(r, p, ev, out);
		break;
	case ROLE_EV_PORT:
		port(r, ev->open, out);
		break;
	case ROLE_EV_PACKET:
	case ROLE_EV_BAD_PACKET:
		if (p)
			turn(r, p, role_link_packet(r, p, ev, out), ev, out);
		break;
	case ROLE_EV_WRITTEN:
		written(r, ev->error, out);
		break;
	case ROLE_EV_DUE:
		due(r, out);
		break;
	case ROLE_EV_LOST:
		lost(r, out);
		break;
	case ROLE_EV_AGAIN:
		again(r, out);
		break;
	case ROLE_EV_FILE:
		file(r, ev->file, out);
		break;
	case ROLE_EV_WHERE:
		role_members_see(r, ev->sid);
		break;
	case ROLE_EV_REFOUND:
		refound(r, out);
		break;
	}
}

void
role_get_view(const struct role *r, struct role_view *out)
{
	const struct role_ops *ops = modes[r->mode];

	role_fill_view(r, ops->phase ? ops->phase(r) : ROLE_ELECTION, out);
}

void
role_step(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	struct role_view now;

	out->count = 0;
	out->now_ms = ev->now_ms;
	dispatch(r, ev, out);
	role_members_settle(r, out);
	role_get_view(r, &now);
	if (role_is_same_view(&now, &r->told))
		return;
	r->told = now;
	role_act(out, ROLE_ACT_EVENT)->u.view = now;
}

uint64_t
role_due_ms(const struct role *r)
{
	const uint64_t all[] = {role_epochs_due_ms(r), role_epochs_slow_ms(r),
	                        role_link_due_ms(r), role_epochs_retry_ms(r)};
	uint64_t due_ms = mode_due_ms(r);

	if (r->mode == ROLE_MODE_STALLED)
		return UINT64_MAX;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		due_ms = all[i] < due_ms ? all[i] : due_ms;
	return due_ms;
}

int
role_new(struct role **out, const struct role_config *config)
{
	struct role *r;

	if (config->file->version == 0)
		return -EINVAL;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->config.sid = config->sid;
	r->config.zab = config->zab;
	r->config.tick_ms = config->tick_ms;
	r->config.init_limit = config->init_limit;
	r->config.sync_limit = config->sync_limit;
	role_timing_reset(r);
	r->members.file = *config->file;
	r->look.sid = config->sid;
	role_members_init(r);
	role_demote_end(r);
	role_get_view(r, &r->told);
	*out = r;
	return 0;
}

void
role_free(struct role *r)
{
	free(r);
}
