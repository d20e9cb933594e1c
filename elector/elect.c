/* The election core's surface: options, the words of the peer and of connmgr, links,
 * time. Rules: design.md, sections 4 and 6; the election itself is in elect_loop.c. */
#include "elector/elect_core.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

void
elect_options_zookeeper(struct elect_options *out)
{
	*out = (struct elect_options){.config_text = "",
	                              .notify_min_ms = 200,
	                              .notify_max_ms = 60000,
	                              .finalize_ms = 200};
}

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
	                              .guarded = true};
}

/* Weight 0 in each configuration in which it votes. */
static bool
is_weightless(const struct quorum_pair *p, int64_t sid)
{
	return !quorum_may_lead(&p->current, sid) &&
	       !(p->has_last_seen && quorum_may_lead(&p->last_seen, sid));
}

int
elect_new(struct elect **out, const struct elect_options *options)
{
	struct elect *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return -ENOMEM;
	e->options = *options;
	qconfig_copy(&e->config, options->config);
	r = quorum_init(&e->quorums.current, options->config);
	if (r == 0 && options->last_seen) {
		e->quorums.has_last_seen = true;
		r = quorum_init(&e->quorums.last_seen, options->last_seen);
	}
	if (r < 0) {
		free(e);
		return r;
	}
	e->options.config = NULL;
	e->options.last_seen = NULL;
	e->voter_count = quorum_pair_voters(&e->quorums, e->voter_sids);
	for (unsigned i = 0; i < e->voter_count; i++) {
		e->voters[i].sid = e->voter_sids[i];
		e->voters[i].weightless = is_weightless(&e->quorums, e->voter_sids[i]);
	}
	e->is_voter = elect_is_voter(e, options->sid);
	e->proposal = (struct vote){.leader = -1, .zxid = -1};
	e->state = NOTIF_LOOKING;
	e->clock = options->clock;
	e->synced = options->synced;
	e->silent = true;
	e->delivered = true;
	*out = e;
	return 0;
}

void
elect_free(struct elect *e)
{
	free(e);
}

const int64_t *
elect_voters(const struct elect *e, unsigned *count)
{
	*count = e->voter_count;
	return e->voter_sids;
}

bool
elect_is_voter(const struct elect *e, int64_t sid)
{
	return quorum_pair_is_voter(&e->quorums, sid);
}

const struct quorum_pair *
elect_quorums(const struct elect *e)
{
	return &e->quorums;
}

void
elect_look_at(const struct elect *e, struct elect_view *out)
{
	*out = (struct elect_view){.synced = e->synced,
	                           .silent = e->silent,
	                           .state = e->state,
	                           .phase = e->phase,
	                           .serial = e->serial,
	                           .clock = e->clock,
	                           .proposal = e->proposal,
	                           .current = e->current};
}

uint64_t
elect_due_ms(const struct elect *e)
{
	bool waits = e->options.attached ? !e->silent : e->phase != ELECT_PHASE_IDLE;

	return e->synced && waits ? e->due_ms : UINT64_MAX;
}

/* Those who asked while we were silent have had no answer yet; one of them may be the
 * very leader. The votes stay kept. */
static void
answer_kept(struct elect *e, bool was_silent)
{
	for (unsigned i = 0; i < e->voter_count; i++) {
		const struct elect_voter *v = &e->voters[i];

		if (!v->has_kept)
			continue;
		if (was_silent)
			elect_send(e, v->sid, &e->current, e->state);
		elect_doubt(e, v->sid, &v->kept);
	}
}

static void
serve(struct elect *e, const struct vote *v, bool was_silent)
{
	elect_loop_leave(e);
	e->state = v->state;
	e->has_current = true;
	e->current = *v;
	e->clock = v->round;
	answer_kept(e, was_silent);
	if (e->options.attached)
		elect_attach_judge(e);
}

/* The same look again, while we are at it or have answered it. */
static void
look_again(struct elect *e)
{
	if (e->has_decided && msg_serial_compare(&e->decided_serial, &e->serial) == 0) {
		elect_say_decided(e, ELECT_REASON_REPEATED);
		return;
	}
	elect_drop(e, e->options.sid, ELECT_REASON_STALE);
}

static void
take_look(struct elect *e, const struct elect_event *ev)
{
	int order = msg_serial_compare(&ev->serial, &e->serial);

	if (order < 0 || (order == 0 && e->word == ELECT_WORD_ROLE)) {
		elect_drop(e, e->options.sid, ELECT_REASON_STALE);
		return;
	}
	if (order == 0 && e->word == ELECT_WORD_LOOK && !e->silent) {
		look_again(e);
		return;
	}
	e->serial = ev->serial;
	e->word = ELECT_WORD_LOOK;
	e->look = ev->look;
	e->silent = false;
	if (e->has_decided && msg_serial_compare(&e->decided_serial, &e->serial) == 0) {
		serve(e, &e->decided, true);
		elect_say_decided(e, ELECT_REASON_REPEATED);
		return;
	}
	elect_loop_enter(e);
}

static void
take_role(struct elect *e, const struct elect_event *ev)
{
	int order = msg_serial_compare(&ev->serial, &e->serial);
	bool was_silent = e->silent;

	if (order < 0 || ev->vote.state < NOTIF_FOLLOWING ||
	    ev->vote.state > NOTIF_OBSERVING ||
	    (order == 0 && (e->word == ELECT_WORD_LOOK || !e->silent))) {
		elect_drop(e, e->options.sid, ELECT_REASON_STALE);
		return;
	}
	e->serial = ev->serial;
	e->word = ELECT_WORD_ROLE;
	e->silent = false;
	serve(e, &ev->vote, was_silent);
}

static void
take_word(struct elect *e, const struct elect_event *ev)
{
	if (ev->type == ELECT_EV_LOOK)
		take_look(e, ev);
	else
		take_role(e, ev);
}

static void
take_absent(struct elect *e)
{
	e->pending_word = ELECT_WORD_NONE;
	e->silent = true;
	elect_loop_leave(e);
}

/* A look or a role: at once, or when the replay is over, since an answer or a link that
 * comes later in it may change what is to be done. */
static void
on_word(struct elect *e, const struct elect_event *ev)
{
	if (e->synced) {
		take_word(e, ev);
		return;
	}
	if (e->pending_word != ELECT_WORD_NONE &&
	    msg_serial_compare(&ev->serial, &e->pending.serial) < 0)
		return;
	e->pending = *ev;
	e->pending_word = ev->type == ELECT_EV_LOOK ? ELECT_WORD_LOOK : ELECT_WORD_ROLE;
}

static void
on_again(struct elect *e)
{
	e->synced = false;
	e->pending_word = ELECT_WORD_NONE;
	for (unsigned i = 0; i < e->voter_count; i++) {
		e->voters[i].link = (struct elect_link){0};
		e->voters[i].has_kept = false;
		e->voters[i].heard = false;
		e->voters[i].answered = false;
	}
}

/* What was sent while the link to connmgr was broken is lost: say it again. */
static void
go_on_looking(struct elect *e)
{
	if (e->options.attached) {
		elect_attach_look(e);
		return;
	}
	elect_broadcast(e);
	elect_loop_take_own(e);
	elect_loop_take_kept(e);
	elect_loop_reconsider(e);
}

static void
on_synced(struct elect *e)
{
	bool looking = e->phase != ELECT_PHASE_IDLE;
	struct msg_serial before = e->serial;

	if (e->synced)
		return;
	e->synced = true;
	if (e->pending_word == ELECT_WORD_NONE) {
		take_absent(e);
		return;
	}
	e->pending_word = ELECT_WORD_NONE;
	take_word(e, &e->pending);
	if (looking && e->phase != ELECT_PHASE_IDLE &&
	    msg_serial_compare(&before, &e->serial) == 0)
		go_on_looking(e);
}

/* Our own word is never older than what connmgr has of the same look. */
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
on_decided(struct elect *e, const struct elect_event *ev)
{
	if (e->synced || ev->vote.state < NOTIF_FOLLOWING ||
	    ev->vote.state > NOTIF_OBSERVING ||
	    (e->has_decided && msg_serial_compare(&ev->serial, &e->decided_serial) <= 0))
		return;
	e->has_decided = true;
	e->decided_serial = ev->serial;
	e->decided = ev->vote;
}

static void
on_link(struct elect *e, const struct elect_event *ev)
{
	struct elect_voter *v = elect_find_voter(e, ev->sid);
	bool was_up;

	if (!v || ev->sid == e->options.sid)
		return;
	was_up = v->link.up;
	v->link = ev->link;
	if (e->options.attached) {
		elect_attach_link(e, v, was_up);
		return;
	}
	v->has_kept = false; /* what came before belongs to another link */
	if (!e->synced || e->phase == ELECT_PHASE_IDLE)
		return;
	if (ev->link.up && e->options.send_on_link_up)
		elect_send_proposal(e, ev->sid);
	elect_loop_reconsider(e);
}

void
elect_step(struct elect *e, const struct elect_event *ev, struct elect_actions *out)
{
	out->count = 0;
	e->out = out;
	e->now_ms = ev->now_ms;
	switch (ev->type) {
	case ELECT_EV_AGAIN:
		on_again(e);
		break;
	case ELECT_EV_SYNCED:
		on_synced(e);
		break;
	case ELECT_EV_STATE:
		on_state(e, ev);
		break;
	case ELECT_EV_LOOK:
	case ELECT_EV_ROLE:
		on_word(e, ev);
		break;
	case ELECT_EV_DECIDED:
		on_decided(e, ev);
		break;
	case ELECT_EV_ABSENT:
		take_absent(e);
		break;
	case ELECT_EV_LINK:
		on_link(e, ev);
		break;
	case ELECT_EV_NOTIF:
		elect_receive(e, ev->sid, &ev->notif);
		break;
	case ELECT_EV_DELIVERED:
		e->delivered = ev->delivered;
		break;
	case ELECT_EV_DUE:
		if (e->synced && e->options.attached)
			elect_attach_due(e);
		else if (e->synced)
			elect_loop_due(e);
		break;
	}
	e->out = NULL;
	assert(!e->own_pending);
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
	    [ELECT_REASON_REPEATED] = "repeated",
	};

	return (unsigned)r < ELECT_REASONS ? names[r] : "?";
}
