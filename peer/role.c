/* The core's entry and its table of modes. */
#include "peer/role_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct role_ops *const modes[] = {
    [ROLE_MODE_NEW] = &role_new_ops,         [ROLE_MODE_HALTED] = &role_halted_ops,
    [ROLE_MODE_STALLED] = &role_stalled_ops, [ROLE_MODE_LOOKING] = &role_looking_ops,
    [ROLE_MODE_WAITING] = &role_waiting_ops, [ROLE_MODE_FOLLOW] = &role_follow_ops,
    [ROLE_MODE_LEAD] = &role_lead_ops,       [ROLE_MODE_BARE] = &role_bare_ops,
};

static void
doubt(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	if (ev->serial.generation != r->generation || ev->serial.count < r->role_count ||
	    ev->serial.count > r->count)
		return;
	if (r->mode == ROLE_MODE_LEAD)
		role_resume_voter_looks(r, ev->sid, out);
	else if (modes[r->mode]->doubt && r->vote.state != NOTIF_LEADING &&
	         ev->sid == r->vote.leader)
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

/* Who may stand again waits no longer. */
static void
handover_due(struct role *r, struct role_actions *out)
{
	bool could = role_may_stand(r);

	role_handover_due(r, out);
	if (r->mode == ROLE_MODE_WAITING && !could && role_may_stand(r))
		role_look(r, out);
	else
		stand(r, could, out);
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
	if (out->now_ms >= role_handover_due_ms(r))
		handover_due(r, out);
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

static void
connmgr(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	if (ev->type == ROLE_EV_LOST)
		lost(r, out);
	else if (ev->type == ROLE_EV_AGAIN)
		again(r, out);
	else
		role_resume_synced(r, out);
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
	case ROLE_EV_AGAIN:
	case ROLE_EV_SYNCED:
		connmgr(r, ev, out);
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
	case ROLE_EV_HOLDS:
	case ROLE_EV_CONFIRM:
	case ROLE_EV_CLOCK:
	case ROLE_EV_STEP_DOWN:
		role_handover_event(r, ev, out);
		break;
	}
}

/* R8, R11: what waits to be read after a pause of a leader is no word of today, nor is
 * the end of a link a reason for patience. What is over already, a link or a write, is
 * noted first. */
static void
handle(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	bool late = r->mode == ROLE_MODE_LEAD && role_lead_is_late(r, out->now_ms);
	bool over = ev->type == ROLE_EV_LOST || ev->type == ROLE_EV_WRITTEN ||
	            (ev->type == ROLE_EV_REMOTE && ev->link == MSG_LINK_DOWN);

	if (late && !over)
		(void)role_lead_expire(r, false, out);
	dispatch(r, ev, out);
	if (late && over && r->mode == ROLE_MODE_LEAD)
		(void)role_lead_expire(r, true, out);
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
	handle(r, ev, out);
	role_lease_settle(r, out);
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
	                        role_link_due_ms(r),   role_epochs_retry_ms(r),
	                        role_lease_due_ms(r),  role_handover_due_ms(r)};
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
	role_take_config(r, config);
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
