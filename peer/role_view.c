/* What others see of the core, and the names of its enumerations. */
#include "peer/role_impl.h"

int64_t
role_accepted(const struct role *r)
{
	return r->epochs.accepted > 0 ? r->epochs.accepted : 0;
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

const char *
role_phase_name(enum role_phase p)
{
	static const char *const words[] = {
	    [ROLE_ELECTION] = "election",
	    [ROLE_DISCOVERY] = "discovery",
	    [ROLE_SYNCHRONIZATION] = "synchronization",
	    [ROLE_BROADCAST] = "broadcast",
	};

	return (unsigned)p <= ROLE_BROADCAST ? words[p] : "?";
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

	return (unsigned)c <= ROLE_CLOSE_NO_ROLE ? words[c] : "?";
}
