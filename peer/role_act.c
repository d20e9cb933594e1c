/* The leaves of the peer's core; they call no other file of the core. */
#include "peer/role_impl.h"

#include <assert.h>
#include <string.h>

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

/* One by one, since what is between them is garbage. */
void
role_take_config(struct role *r, const struct role_config *config)
{
	struct role_config *own = &r->config;

	own->sid = config->sid;
	own->zab = config->zab;
	own->tick_ms = config->tick_ms;
	own->init_limit = config->init_limit;
	own->sync_limit = config->sync_limit;
	own->lease = config->lease;
	own->lease_ms = config->lease_ms;
	own->lease_max_ms = config->lease_max_ms;
	own->resume_ms = config->resume_ms;
	own->drift_percent = config->drift_percent;
}

uint64_t
role_ticks(const struct role *r, uint64_t ticks)
{
	return ticks * r->timing.tick_ms;
}

void
role_timing_reset(struct role *r)
{
	r->timing = (struct role_timing){r->config.tick_ms, r->config.init_limit,
	                                 r->config.sync_limit};
}

void
role_announce(struct role *r, struct role_actions *out)
{
	struct role_action *a = role_act(out, ROLE_ACT_ROLE);

	a->u.role.serial = (struct msg_serial){r->generation, ++r->count};
	a->u.role.vote = r->vote;
}

bool
role_may_stand(const struct role *r)
{
	if (!r->config.zab)
		return true;
	if (r->handover.stands_ms > 0 &&
	    !(r->handover.targeted && r->handover.target == r->config.sid))
		return false;
	if (r->members.unfit ||
	    (!role_may_found(r) && !role_is_member_of(r, role_record(r))))
		return false;
	if (r->remote_count == 0)
		return true;
	return !r->port_shut && !r->epochs.bad && !r->limit.ahead &&
	       r->epochs.promised < ROLE_EPOCH_MAX;
}

int64_t
role_current(const struct role *r)
{
	return r->config.zab ? r->epochs.current : 0;
}

bool
role_is_fresher(int64_t epoch, int64_t zxid, int64_t than_epoch, int64_t than_zxid)
{
	return epoch > than_epoch || (epoch == than_epoch && zxid > than_zxid);
}

enum role_loss
role_loss(enum msg_reason reason)
{
	static const enum role_loss losses[MSG_REASONS] = {
	    [MSG_REASON_REFUSED] = ROLE_LOSS_FAILED,
	    [MSG_REASON_TIMEOUT] = ROLE_LOSS_FAILED,
	    [MSG_REASON_RESOLVE] = ROLE_LOSS_FAILED,
	    [MSG_REASON_UNREACHABLE] = ROLE_LOSS_FAILED,
	    [MSG_REASON_LOCAL] = ROLE_LOSS_FAILED,
	    [MSG_REASON_TLS] = ROLE_LOSS_FAILED,
	    [MSG_REASON_IDENTITY] = ROLE_LOSS_FAILED,
	    [MSG_REASON_EOF] = ROLE_LOSS_ENDED,
	    [MSG_REASON_RESET] = ROLE_LOSS_ENDED,
	    [MSG_REASON_REPLACED] = ROLE_LOSS_ENDED,
	    [MSG_REASON_PROTOCOL] = ROLE_LOSS_ENDED,
	    [MSG_REASON_FULL] = ROLE_LOSS_ENDED,
	};

	assert(reason < MSG_REASONS);
	return losses[reason];
}

const struct role_remote *
role_find_remote(const struct role *r, int64_t sid)
{
	for (unsigned i = 0; i < r->remote_count; i++)
		if (r->remotes[i].sid == sid)
			return &r->remotes[i];
	return NULL;
}

struct role_remote *
role_remote(struct role *r, int64_t sid)
{
	for (unsigned i = 0; i < r->remote_count; i++)
		if (r->remotes[i].sid == sid)
			return &r->remotes[i];
	return NULL;
}

bool
role_takes_protocol(struct role *r, int64_t sid, int32_t protocol)
{
	if (protocol < QPACKET_PROTOCOL) {
		r->has_older = true;
		r->older = sid;
	} else if (r->has_older && r->older == sid) {
		r->has_older = false;
	}
	return protocol >= QPACKET_PROTOCOL;
}

struct role_packet *
role_send(struct role_actions *out, const struct role_remote *p, int32_t type,
          int64_t zxid)
{
	struct role_action *a = role_act(out, ROLE_ACT_SEND);

	a->sid = p->sid;
	a->number = p->link.number;
	a->u.packet.type = type;
	a->u.packet.zxid = zxid;
	return &a->u.packet;
}

enum role_reason
role_reason(const struct role *r)
{
	if (r->reason == ROLE_REASON_NONE && (r->limit.kept_out || r->limit.ahead))
		return ROLE_REASON_AHEAD;
	if (r->reason != ROLE_REASON_NONE)
		return r->reason;
	if (!role_observes(r) && r->port_shut && r->config.zab && r->remote_count > 0)
		return ROLE_REASON_PORT;
	if (!role_observes(r) && r->epochs.promised >= ROLE_EPOCH_MAX)
		return ROLE_REASON_USED_UP;
	return r->has_older ? ROLE_REASON_OLDER : ROLE_REASON_NONE;
}

bool
role_is_same_view(const struct role_view *a, const struct role_view *b)
{
	return a->state == b->state && a->phase == b->phase &&
	       a->has_leader == b->has_leader && a->leader == b->leader &&
	       a->epoch == b->epoch && a->active == b->active && a->reason == b->reason &&
	       a->error == b->error && a->since_ms == b->since_ms && a->look == b->look &&
	       a->has_tried == b->has_tried && a->tried == b->tried &&
	       a->link == b->link && a->others == b->others &&
	       a->promised == b->promised && a->older == b->older;
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
	    [ROLE_CLOSE_TOO_HIGH] = "epoch-too-high",
	    [ROLE_CLOSE_BESIDE] = "another-is-alive",
	    [ROLE_CLOSE_OLDER] = "older-protocol",
	    [ROLE_CLOSE_NO_MEMBER] = "no-member",
	};

	return (unsigned)c <= ROLE_CLOSE_NO_MEMBER ? words[c] : "?";
}
