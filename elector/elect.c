/* The surface of the election core: options, what the peer and connmgr tell it, links,
 * time. The election itself is in elect_loop.c, what others send in elect_receive.c. */
#include "elector/elect_core.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

void
elect_options_ours(struct elect_options *out)
{
	*out = (struct elect_options){.config_text = "",
	                              .notify_min_ms = 200,
	                              .notify_max_ms = 1000,
	                              .finalize_ms = 200,
	                              .early_finalize = true,
	                              .fixed_window = true,
	                              .settled_in_window = true,
	                              .fixed_wait = true,
	                              .keep_early_votes = true,
	                              .answer_worse = true,
	                              .send_on_link_up = true,
	                              .doubt = true,
	                              .links = true,
	                              .guarded = true,
	                              .yield = true,
	                              .priorities = true};
}

static void
add_others(struct elect *e)
{
	const struct elect_options *o = &e->options;

	for (unsigned i = 0; i < o->other_count; i++) {
		int64_t sid = o->others[i];

		assert(o->other_count <= ELECT_OTHERS_MAX);
		if (sid != o->sid && !elect_is_voter(e, sid) && !elect_find_other(e, sid))
			e->others[e->other_count++].sid = sid;
	}
}

int
elect_new(struct elect **out, const struct elect_options *options)
{
	struct elect *e = calloc(1, sizeof(*e));
	int64_t sids[ELECT_VOTERS_MAX];
	int r;

	if (!e)
		return -ENOMEM;
	e->options = *options;
	r = quorum_init(&e->quorums.current, options->config);
	if (r == 0 && options->last_seen) {
		e->quorums.has_last_seen = true;
		r = quorum_init(&e->quorums.last_seen, options->last_seen);
	}
	if (r < 0) {
		free(e);
		return r;
	}
	e->quorums.joint = options->joint;
	e->voter_count = quorum_pair_voters(&e->quorums, sids);
	for (unsigned i = 0; i < e->voter_count; i++)
		e->voters[i].sid = sids[i];
	e->is_voter = elect_is_voter(e, options->sid);
	add_others(e);
	elect_self_init(&e->self, options);
	e->proposal = (struct vote){.leader = -1, .zxid = -1};
	e->delivered = true;
	*out = e;
	return 0;
}

void
elect_free(struct elect *e)
{
	free(e);
}

void
elect_get_view(const struct elect *e, struct elect_view *out)
{
	elect_self_view(&e->self, out);
	out->phase = e->phase;
	out->proposal = e->proposal;
}

uint64_t
elect_due_ms(const struct elect *e)
{
	return e->self.synced && e->phase != ELECT_PHASE_IDLE ? e->due_ms : UINT64_MAX;
}

/* The servers that asked while we were silent have had no answer yet, and one of them may
 * be the leader that we follow. The votes stay stored. */
static void
answer_early(struct elect *e, bool was_silent)
{
	for (unsigned i = 0; i < e->voter_count; i++) {
		const struct elect_voter *v = &e->voters[i];

		if (!v->has_early)
			continue;
		if (was_silent)
			elect_send(e, v->sid, &e->self.current, e->self.state);
		elect_doubt(e, v->sid, &v->early);
	}
}

static void
on_peer(struct elect *e, const struct elect_event *ev)
{
	bool was_silent = e->self.silent;

	switch (elect_self_take(&e->self, ev, e->out)) {
	case ELECT_DUTY_NONE:
		break;
	case ELECT_DUTY_RESUME:
		elect_loop_resume(e);
		break;
	case ELECT_DUTY_LOOK:
		elect_loop_enter(e);
		break;
	case ELECT_DUTY_SERVE:
		elect_loop_leave(e);
		answer_early(e, was_silent);
		break;
	case ELECT_DUTY_SERVE_DECIDED:
		elect_loop_leave(e);
		answer_early(e, true);
		elect_self_say_decided(&e->self, ELECT_REASON_REPEATED, e->out);
		break;
	case ELECT_DUTY_STOP:
		elect_loop_leave(e);
		break;
	}
}

static void
forget_links(struct elect *e)
{
	for (unsigned i = 0; i < e->voter_count; i++) {
		e->voters[i].link = 0;
		e->voters[i].reason = 0;
		e->voters[i].was_up = false;
		e->voters[i].has_early = false;
	}
	for (unsigned i = 0; i < e->other_count; i++)
		e->others[i].link = 0;
}

/* What we say is never older than what connmgr has stored of the same look. */
static void
on_state(struct elect *e, const struct elect_event *ev)
{
	if (e->has_said && msg_serial_compare(&ev->serial, &e->said_serial) <= 0)
		return;
	e->has_said = true;
	e->said_before_us = true;
	e->said_serial = ev->serial;
	e->said = ev->vote;
	e->said.state = NOTIF_LOOKING;
}

static void
note_link(struct elect_voter *v, const struct elect_event *ev)
{
	v->link = (uint8_t)ev->link;
	v->reason = (uint8_t)ev->reason;
	v->was_up = ev->was_up;
	/* what came before belongs to another link */
	v->has_early = false;
	v->same.times = 0;
}

static void
on_link(struct elect *e, const struct elect_event *ev)
{
	struct elect_voter *v = elect_find_voter(e, ev->sid);
	struct elect_other *other = elect_find_other(e, ev->sid);

	if ((!v && !other) || ev->sid == e->self.sid)
		return;
	if (other) {
		other->link = (uint8_t)ev->link;
		other->same.times = 0;
	} else {
		note_link(v, ev);
	}
	if (!e->self.synced || e->phase == ELECT_PHASE_IDLE)
		return;
	if (ev->link == MSG_LINK_UP && e->options.send_on_link_up)
		elect_send_proposal(e, ev->sid);
	elect_loop_reconsider(e);
}

void
elect_step(struct elect *e, const struct elect_event *ev, struct elect_actions *out)
{
	out->count = 0;
	e->out = out;
	e->now_ms = ev->now_ms;
	if (ev->type == ELECT_EV_AGAIN)
		forget_links(e);
	if (ev->type == ELECT_EV_STATE)
		on_state(e, ev);
	else if (ev->type == ELECT_EV_LINK)
		on_link(e, ev);
	else if (ev->type == ELECT_EV_NOTIF)
		elect_receive(e, ev->sid, &ev->notif);
	else if (ev->type == ELECT_EV_DELIVERED)
		e->delivered = ev->delivered;
	else if (ev->type != ELECT_EV_DUE)
		on_peer(e, ev);
	else if (e->self.synced)
		elect_loop_due(e);
	assert(!e->own_pending);
	e->own = (struct vote){0};
	e->now_ms = 0;
	e->out = NULL;
}

const char *
elect_reason_name(enum elect_reason r)
{
	static const char *const names[ELECT_REASONS] = {
	    [ELECT_REASON_NONE] = "none",
	    [ELECT_REASON_STALE] = "stale",
	    [ELECT_REASON_SILENT] = "silent",
	    [ELECT_REASON_OWN] = "own_name",
	    [ELECT_REASON_STATE] = "no_such_state",
	    [ELECT_REASON_NOT_ASKED] = "not_asked",
	    [ELECT_REASON_OUTSIDER] = "outsider",
	    [ELECT_REASON_NO_ZXID] = "no_zxid",
	    [ELECT_REASON_LOWER_ROUND] = "lower_round",
	    [ELECT_REASON_OBSERVING] = "observing",
	    [ELECT_REASON_WINDOW] = "window",
	    [ELECT_REASON_WEIGHT] = "no_weight",
	    [ELECT_REASON_NOT_ELIGIBLE] = "not_eligible",
	    [ELECT_REASON_CONFIG_TEXT] = "config_text",
	    [ELECT_REASON_ALL_AGREE] = "all_agree",
	    [ELECT_REASON_WINDOW_ENDED] = "window_ended",
	    [ELECT_REASON_ESTABLISHED] = "established",
	    [ELECT_REASON_NEWER] = "newer_members",
	    [ELECT_REASON_REPEATED] = "repeated",
	};

	return (unsigned)r < ELECT_REASONS ? names[r] : "?";
}
