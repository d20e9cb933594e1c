/* The core's entry: which event means what in which mode, the looks, and what all modes
 * share. QuorumPeer.run of ZooKeeper, turned inside out. Ours: a wait before looking
 * again at a server that turns us away, doubt, and an epoch file that cannot be written
 * is no crash. */
#include "peer/role_impl.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
role_new(struct role **out, const struct role_config *config)
{
	const struct qconfig *members = config->members;
	struct role *r = calloc(1, sizeof(*r));
	int error;

	if (!r)
		return -ENOMEM;
	error = quorum_init(&r->quorum, members);
	if (error < 0) {
		free(r);
		return error;
	}
	r->config = *config;
	r->config.members = NULL;
	for (unsigned i = 0; i < members->server_count; i++) {
		const struct qconfig_server *s = &members->servers[i];

		if (s->sid == config->sid)
			continue;
		r->remotes[r->remote_count++] = (struct role_remote){
		    .sid = s->sid,
		    .participant = !s->observer,
		    .may_lead = quorum_may_lead(&r->quorum, s->sid),
		};
	}
	role_get_view(r, &r->told);
	*out = r;
	return 0;
}

void
role_free(struct role *r)
{
	free(r);
}

struct role_action *
role_act(struct role_actions *out, enum role_action_type type)
{
	struct role_action *a;

	assert(out->count < ROLE_ACTIONS_MAX);
	a = &out->list[out->count++];
	memset(a, 0, sizeof(*a));
	a->type = type;
	return a;
}

uint64_t
role_ticks(const struct role *r, uint64_t ticks)
{
	return ticks * r->config.tick_ms;
}

void
role_announce(struct role *r, struct role_actions *out)
{
	struct role_action *a = role_act(out, ROLE_ACT_ROLE);

	a->serial = (struct msg_serial){r->generation, ++r->count};
	a->u.role.state = r->state;
	a->u.role.vote = r->vote;
}

void
role_establish(struct role *r, int64_t epoch, struct role_actions *out)
{
	r->published = epoch;
	r->refusals = 0;
	r->vote.epoch = epoch;
	role_announce(r, out);
}

static void
on_start(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	if (r->mode != ROLE_MODE_NEW && r->mode != ROLE_MODE_HALTED)
		return;
	r->generation = ev->generation;
	if (ev->unusable) {
		r->mode = ROLE_MODE_HALTED;
		r->reason = ROLE_REASON_EPOCHS;
		role_close_all(r, ROLE_CLOSE_NO_ROLE, out);
		return;
	}
	r->reason = ROLE_REASON_NONE;
	r->claim = ev->claim;
	role_epochs_start(r, ev->accepted, ev->current, ev->now_ms, out);
	r->look = (struct role_look){.reason = ROLE_LOOK_START};
	role_look(r, out);
}

/* Has the election named what we can be? */
static bool
is_possible(struct role *r, const struct role_event *ev)
{
	const struct role_remote *leader = role_remote(r, ev->vote.leader);

	switch (ev->state) {
	case NOTIF_LEADING:
		return ev->vote.leader == r->config.sid && !r->config.observer &&
		       r->stands;
	case NOTIF_FOLLOWING:
		return leader && leader->participant && !r->config.observer;
	case NOTIF_OBSERVING:
		return leader && leader->participant && r->config.observer;
	case NOTIF_LOOKING:
	default:
		return false;
	}
}

static void
on_decided(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	if (ev->serial.generation != r->generation ||
	    ev->serial.count != r->look_serial.count)
		return;
	if (r->mode == ROLE_MODE_BARE)
		bare_renew(r, ev, out);
	if (r->mode != ROLE_MODE_LOOKING)
		return;
	r->state = ev->state;
	r->vote = ev->vote;
	if (!is_possible(r, ev)) {
		role_look_again(r, ROLE_LOOK_REFUSED, false, ev->now_ms, out);
		return;
	}
	role_announce(r, out);
	r->role_count = r->count;
	if (!r->config.zab)
		bare_start(r, ev->now_ms, out);
	else if (r->state == NOTIF_LEADING)
		lead_start(r, ev->now_ms, out);
	else
		follow_start(r, ev->now_ms, out);
}

static void
on_doubt(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	if (r->mode != ROLE_MODE_FOLLOW && r->mode != ROLE_MODE_BARE)
		return;
	if (ev->serial.generation != r->generation || ev->serial.count < r->role_count ||
	    ev->serial.count > r->count)
		return;
	if (r->state == NOTIF_LEADING || ev->sid != r->vote.leader)
		return;
	/* Once it is established its learner link says it better: the LOOKING may be its
	 * last words before it led, sent again over a new link or replayed. */
	if (r->mode == ROLE_MODE_FOLLOW && r->follow.epoch > 0)
		return;
	role_look_again(r, ROLE_LOOK_DOUBT, false, ev->now_ms, out);
}

static void
link_up(struct role *r, struct role_remote *p, uint64_t now_ms, struct role_actions *out)
{
	p->linked = true;
	switch (r->mode) {
	case ROLE_MODE_FOLLOW:
		follow_link_up(r, p, out);
		break;
	case ROLE_MODE_LEAD:
		lead_link_up(r, p, now_ms);
		break;
	case ROLE_MODE_HALTED:
	case ROLE_MODE_STALLED:
	case ROLE_MODE_BARE:
		role_close(p, ROLE_CLOSE_NO_ROLE, out);
		break;
	case ROLE_MODE_NEW:
	case ROLE_MODE_LOOKING:
	case ROLE_MODE_WAITING:
	default:
		break; /* it has elected us, and waits until we have decided */
	}
}

static void
link_down(struct role *r, struct role_remote *p, bool was_up, enum role_loss loss,
          uint64_t now_ms, struct role_actions *out)
{
	if (r->mode == ROLE_MODE_FOLLOW)
		follow_link_down(r, p, was_up, loss, now_ms, out);
	else if (r->mode == ROLE_MODE_LEAD)
		lead_link_down(r, now_ms, out);
}

static void
on_remote(struct role *r, struct role_remote *p, const struct role_event *ev,
          struct role_actions *out)
{
	bool open = role_is_open(p);
	bool closing = p->closing;

	if (ev->lane == ROLE_LANE_ELECTION) {
		bare_link(p, ev->link, ev->loss, ev->now_ms);
		if (r->mode == ROLE_MODE_BARE)
			bare_check(r, ev->now_ms, out);
		return;
	}
	if (ev->link == ROLE_LINK_CONNECTING)
		return;
	role_forget_link(p);
	/* up twice: another connection took its place */
	if (open || (ev->link == ROLE_LINK_DOWN && !closing))
		link_down(r, p, open, open ? ROLE_LOSS_ENDED : ev->loss, ev->now_ms, out);
	if (ev->link == ROLE_LINK_UP)
		link_up(r, p, ev->now_ms, out);
}

static void
on_port(struct role *r, bool open, uint64_t now_ms, struct role_actions *out)
{
	const struct role_follow *f = &r->follow;
	bool withheld = f->fresher && f->epoch == 0 && !role_may_stand(r);

	r->port_shut = !open;
	if (r->mode == ROLE_MODE_LOOKING && r->stands != role_may_stand(r))
		role_look(r, out);
	else if (r->mode == ROLE_MODE_FOLLOW && withheld && role_may_stand(r))
		/* they may wait for nobody else's promise */
		role_look_again(r, ROLE_LOOK_EPOCH, false, now_ms, out);
}

static void
refuse(struct role *r, struct role_remote *p, enum role_close why, uint64_t now_ms,
       struct role_actions *out)
{
	if (r->mode == ROLE_MODE_FOLLOW)
		follow_refuse(r, p, why, now_ms, out);
	else if (r->mode == ROLE_MODE_LEAD)
		lead_refuse(r, p, why, now_ms, out);
	else
		role_close(p, why, out);
}

static void
on_packet(struct role *r, struct role_remote *p, const struct role_event *ev,
          struct role_actions *out)
{
	const struct qpacket *packet = ev->packet;
	bool info =
	    packet->type == QPACKET_FOLLOWERINFO || packet->type == QPACKET_OBSERVERINFO;

	if (!role_is_open(p))
		return;
	if (r->mode == ROLE_MODE_FOLLOW)
		follow_packet(r, p, packet, ev->now_ms, out);
	else if (r->mode == ROLE_MODE_LEAD)
		lead_packet(r, p, packet, ev->now_ms, out);
	else if (!info)
		role_close(p, ROLE_CLOSE_UNEXPECTED, out);
	else if (!role_take_info(p, packet))
		role_close(p, ROLE_CLOSE_BAD, out);
}

static void
on_written(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	bool waits = r->mode == ROLE_MODE_FOLLOW || r->mode == ROLE_MODE_LEAD ||
	             r->mode == ROLE_MODE_STALLED;

	role_epochs_written(r, ev->error, ev->now_ms, out);
	if (ev->error < 0 && waits)
		role_look_again(r, ROLE_LOOK_DISK, false, ev->now_ms, out);
	else if (r->mode == ROLE_MODE_STALLED)
		role_look(r, out);
	else if (r->mode == ROLE_MODE_FOLLOW)
		follow_advance(r, out);
	else if (r->mode == ROLE_MODE_LEAD)
		lead_advance(r, ev->now_ms, out);
}

static void
on_due(struct role *r, uint64_t now_ms, struct role_actions *out)
{
	if (now_ms < role_due_ms(r))
		return;
	if (now_ms >= role_epochs_due_ms(r))
		role_look_again(r, ROLE_LOOK_DISK, false, now_ms, out);
	else if (r->mode == ROLE_MODE_WAITING)
		role_look(r, out);
	else if (r->mode == ROLE_MODE_FOLLOW)
		follow_due(r, now_ms, out);
	else if (r->mode == ROLE_MODE_LEAD)
		lead_due(r, now_ms, out);
	else if (r->mode == ROLE_MODE_BARE)
		bare_check(r, now_ms, out);
}

static void
on_lost(struct role *r, uint64_t now_ms, struct role_actions *out)
{
	bool led = r->mode == ROLE_MODE_LEAD ||
	           (r->mode == ROLE_MODE_BARE && r->state == NOTIF_LEADING);

	r->away = true;
	for (unsigned i = 0; i < r->remote_count; i++) {
		role_forget_link(&r->remotes[i]);
		r->remotes[i].election = ROLE_ELECTION_LOST;
		r->remotes[i].election_ms = now_ms;
	}
	if (r->mode == ROLE_MODE_WAITING)
		role_look(r, out);
	else if (r->mode > ROLE_MODE_WAITING)
		role_look_again(r, led ? ROLE_LOOK_QUORUM : ROLE_LOOK_LEADER, false,
		                now_ms, out);
}

static void
on_again(struct role *r, struct role_actions *out)
{
	if (!r->away)
		return;
	r->away = false;
	if (r->mode == ROLE_MODE_LOOKING)
		role_send_look(r, out);
	else if (r->mode == ROLE_MODE_STALLED)
		role_act(out, ROLE_ACT_ABSENT);
}

static void
dispatch(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	struct role_remote *p = role_remote(r, ev->sid);

	switch (ev->type) {
	case ROLE_EV_START:
		on_start(r, ev, out);
		break;
	case ROLE_EV_CLAIM:
		r->claim = ev->claim;
		break;
	case ROLE_EV_DECIDED:
		on_decided(r, ev, out);
		break;
	case ROLE_EV_DOUBT:
		on_doubt(r, ev, out);
		break;
	case ROLE_EV_REMOTE:
		if (p)
			on_remote(r, p, ev, out);
		break;
	case ROLE_EV_PORT:
		on_port(r, ev->open, ev->now_ms, out);
		break;
	case ROLE_EV_PACKET:
		if (p)
			on_packet(r, p, ev, out);
		break;
	case ROLE_EV_BAD_PACKET:
		if (p && role_is_open(p))
			refuse(r, p, ROLE_CLOSE_BAD, ev->now_ms, out);
		break;
	case ROLE_EV_WRITTEN:
		on_written(r, ev, out);
		break;
	case ROLE_EV_DUE:
		on_due(r, ev->now_ms, out);
		break;
	case ROLE_EV_LOST:
		on_lost(r, ev->now_ms, out);
		break;
	case ROLE_EV_AGAIN:
		on_again(r, out);
		break;
	}
}

static bool
is_same_view(const struct role_view *a, const struct role_view *b)
{
	return a->state == b->state && a->phase == b->phase &&
	       a->has_leader == b->has_leader && a->leader == b->leader &&
	       a->epoch == b->epoch && a->active == b->active && a->reason == b->reason &&
	       a->error == b->error && a->since_ms == b->since_ms;
}

void
role_step(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	struct role_view now;

	out->count = 0;
	dispatch(r, ev, out);
	role_get_view(r, &now);
	if (is_same_view(&now, &r->told))
		return;
	r->told = now;
	role_act(out, ROLE_ACT_EVENT)->u.view = now;
}

static uint64_t
mode_due_ms(const struct role *r)
{
	switch (r->mode) {
	case ROLE_MODE_WAITING:
		return r->wait_ms;
	case ROLE_MODE_FOLLOW:
		return follow_due_ms(r);
	case ROLE_MODE_LEAD:
		return lead_due_ms(r);
	case ROLE_MODE_BARE:
		return bare_due_ms(r);
	case ROLE_MODE_NEW:
	case ROLE_MODE_HALTED:
	case ROLE_MODE_STALLED:
	case ROLE_MODE_LOOKING:
	default:
		return UINT64_MAX;
	}
}

uint64_t
role_due_ms(const struct role *r)
{
	uint64_t due = mode_due_ms(r);
	uint64_t write = role_epochs_due_ms(r);

	if (r->mode == ROLE_MODE_STALLED)
		return UINT64_MAX;
	return write < due ? write : due;
}
