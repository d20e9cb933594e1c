/* One notification from another server: who is answered, what reaches the election. Rule:
 * election-semantics section 6 (WorkerReceiver). Ours differs: without a word of the peer
 * nobody is answered, and LOOKING votes that come outside an election are kept. */
#include "elector/elect_core.h"

#include <string.h>

struct elect_voter *
elect_find_voter(struct elect *e, int64_t sid)
{
	for (unsigned i = 0; i < e->voter_count; i++) {
		if (e->voters[i].sid == sid)
			return &e->voters[i];
	}
	return NULL;
}

static bool
carries_ours(const struct elect *e, const struct notif *n)
{
	return n->config_len > 0 && n->config_len == e->options.config_text_len &&
	       memcmp(n->config, e->options.config_text, n->config_len) == 0;
}

/* True: a newer configuration with other members. A refused text is no reason to ignore
 * the vote that it came with. */
static bool
carries_newer(struct elect *e, int64_t sid, const struct notif *n)
{
	if (!n->has_config || carries_ours(e, n))
		return false;
	if (qconfig_parse(n->config, n->config_len, e->options.multi_address,
	                  &e->carried) != QCONFIG_OK) {
		elect_drop(e, sid, ELECT_REASON_CONFIG_TEXT);
		return false;
	}
	return e->carried.version > e->config.version &&
	       !qconfig_equal(&e->carried, &e->config);
}

/* The newest word of a voter on its present link, if it is LOOKING. */
static void
keep(struct elect *e, int64_t sid, const struct vote *v)
{
	struct elect_voter *voter = elect_find_voter(e, sid);

	if (!voter || !e->options.keep_early_votes)
		return;
	voter->has_kept = v->state == NOTIF_LOOKING;
	voter->kept = *v;
}

/* LOOKING from the server that we follow. A vote of a round only gets better: one that
 * votes for another in ours has not been its own candidate since, and will not lead. */
void
elect_doubt(struct elect *e, int64_t sid, const struct vote *v)
{
	bool higher = v->round > e->current.round;
	bool turned =
	    e->options.doubt_vote && v->round == e->current.round && v->leader != sid;

	if (e->options.doubt && e->word == ELECT_WORD_ROLE &&
	    e->state == NOTIF_FOLLOWING && sid == e->current.leader && (higher || turned))
		elect_push(e, &(struct elect_action){.type = ELECT_ACT_DOUBT,
		                                     .sid = sid,
		                                     .serial = e->serial});
}

static void
receive_serving(struct elect *e, int64_t sid, const struct vote *v)
{
	keep(e, sid, v);
	if (v->state != NOTIF_LOOKING) {
		elect_drop(e, sid, ELECT_REASON_NOT_ASKED);
		return;
	}
	elect_send(e, sid, &e->current, e->state);
	elect_doubt(e, sid, v);
}

static void
receive_looking(struct elect *e, int64_t sid, const struct vote *v)
{
	if (v->state == NOTIF_LOOKING && v->round < e->clock)
		elect_send_proposal(e, sid);
	elect_loop_take(e, sid, v, false);
	elect_loop_take_own(e);
}

static void
answer_outsider(struct elect *e, int64_t sid)
{
	struct vote v = e->current;

	v.round = e->clock;
	elect_send(e, sid, &v, e->state);
}

/* True: the frame is lost, and the election ended, as in Java. */
static bool
newer_config_stops(struct elect *e, int64_t sid, const struct notif *n)
{
	if (!carries_newer(e, sid, n))
		return false;
	elect_push(e, &(struct elect_action){.type = ELECT_ACT_NEWER_CONFIG, .sid = sid});
	if (!e->options.stop_at_newer_config)
		return false;
	elect_loop_leave(e);
	e->silent = true;
	return true;
}

void
elect_receive(struct elect *e, int64_t sid, const struct notif *n)
{
	struct vote v = {.leader = n->leader,
	                 .zxid = n->zxid,
	                 .round = n->round,
	                 .epoch = n->epoch,
	                 .state = n->state,
	                 .version = n->version};

	if (sid == e->options.sid && e->options.guarded) {
		elect_drop(e, sid, ELECT_REASON_OWN);
		return;
	}
	if (e->options.attached && elect_is_voter(e, sid)) {
		elect_attach_hear(e, elect_find_voter(e, sid), &v);
		return;
	}
	if (e->silent || !e->synced) {
		keep(e, sid, &v);
		elect_drop(e, sid, ELECT_REASON_SILENT);
		return;
	}
	if (e->phase != ELECT_PHASE_IDLE && newer_config_stops(e, sid, n))
		return;
	if (!elect_is_voter(e, sid))
		answer_outsider(e, sid);
	else if (v.state < NOTIF_LOOKING || v.state > NOTIF_OBSERVING)
		elect_drop(e, sid, ELECT_REASON_STATE);
	else if (e->phase != ELECT_PHASE_IDLE)
		receive_looking(e, sid, &v);
	else
		receive_serving(e, sid, &v);
}
