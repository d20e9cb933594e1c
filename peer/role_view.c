/* What others may see of the core, and its words. */
#include "peer/role_impl.h"

static const char *
word(const char *const *words, unsigned count, unsigned at)
{
	return at < count && words[at] ? words[at] : "?";
}

static enum role_phase
phase_of(const struct role *r)
{
	switch (r->mode) {
	case ROLE_MODE_FOLLOW:
		if (r->follow.epoch > 0)
			return ROLE_BROADCAST;
		return r->follow.told > 0 ? ROLE_SYNCHRONIZATION : ROLE_DISCOVERY;
	case ROLE_MODE_LEAD:
		if (r->lead.epoch > 0)
			return ROLE_BROADCAST;
		return r->lead.promised ? ROLE_SYNCHRONIZATION : ROLE_DISCOVERY;
	case ROLE_MODE_BARE:
		return ROLE_BROADCAST;
	case ROLE_MODE_NEW:
	case ROLE_MODE_HALTED:
	case ROLE_MODE_STALLED:
	case ROLE_MODE_LOOKING:
	case ROLE_MODE_WAITING:
	default:
		return ROLE_ELECTION;
	}
}

/* What stands in the way at all, unless something happened. */
static enum role_reason
reason_of(const struct role *r)
{
	if (r->reason != ROLE_REASON_NONE || r->config.observer || role_may_stand(r))
		return r->reason;
	return r->port_shut ? ROLE_REASON_PORT : ROLE_REASON_USED_UP;
}

void
role_get_view(const struct role *r, struct role_view *out)
{
	bool established = phase_of(r) == ROLE_BROADCAST;

	*out = (struct role_view){
	    .state = established ? r->state : NOTIF_LOOKING,
	    .phase = phase_of(r),
	    .has_leader = established,
	    .leader = established ? r->vote.leader : 0,
	    /* after a start, the one that it was last part of */
	    .epoch = r->published > 0 ? r->published : role_current(r),
	    .round = r->vote.round,
	    .active = established && r->mode == ROLE_MODE_LEAD,
	    .reason = reason_of(r),
	    .error = r->error,
	    .since_ms = r->mode == ROLE_MODE_STALLED ? r->epochs.write_ms : 0,
	};
}

int64_t
role_accepted(const struct role *r)
{
	return r->epochs.accepted > 0 ? r->epochs.accepted : 0;
}

int64_t
role_current(const struct role *r)
{
	return r->epochs.current > 0 ? r->epochs.current : 0;
}

int64_t
role_claim(const struct role *r)
{
	return r->claim;
}

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
		if (p->released > 0)
			phase = ROLE_BROADCAST;
		else if (p->told > 0)
			phase = ROLE_SYNCHRONIZATION;
		out[count++] = (struct role_learner_view){
		    .id = p->sid,
		    .phase = phase,
		    .promised = p->promised > 0,
		    .acked = p->acked > 0,
		    .last_ms = now_ms > p->word_ms ? now_ms - p->word_ms : 0,
		};
	}
	return count;
}

const char *
role_phase_name(enum role_phase p)
{
	static const char *const words[] = {
	    [ROLE_ELECTION] = "election",
	    [ROLE_DISCOVERY] = "discovery",
	    [ROLE_SYNCHRONIZATION] = "synchronization",
	    [ROLE_BROADCAST] = "broadcast",
	};

	return word(words, sizeof(words) / sizeof(words[0]), p);
}

const char *
role_state_name(enum notif_state s)
{
	static const char *const words[] = {
	    [NOTIF_LOOKING] = "looking",
	    [NOTIF_FOLLOWING] = "following",
	    [NOTIF_LEADING] = "leading",
	    [NOTIF_OBSERVING] = "observing",
	};

	return word(words, sizeof(words) / sizeof(words[0]), s);
}

const char *
role_close_name(enum role_close c)
{
	static const char *const words[] = {
	    [ROLE_CLOSE_NONE] = "none",
	    [ROLE_CLOSE_ENDED] = "ended",
	    [ROLE_CLOSE_OTHERWISE] = "decided-otherwise",
	    [ROLE_CLOSE_SILENT] = "silent",
	    [ROLE_CLOSE_UNEXPECTED] = "unexpected-packet",
	    [ROLE_CLOSE_BAD] = "bad-packet",
	    [ROLE_CLOSE_NO_ROLE] = "no-role",
	};

	return word(words, sizeof(words) / sizeof(words[0]), c);
}
