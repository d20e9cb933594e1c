/* What a leader's learners have, what they are sent, and until when: of each proposal
 * LEADERINFO, NEWLEADER and UPTODATE, in this order, each when it is the learner's turn.
 * Who counts for what is in role_members.c. */
#include "peer/role_impl.h"

#include <assert.h>

/* A quorum of FOLLOWERINFO must come within these. */
#define FIRST_TICKS 10
/* Once we are established, who joins counts for these without having acknowledged. */
#define JOIN_TICKS 6

bool
role_is_live(const struct role *r, const struct role_remote *p)
{
	(void)r;
	return role_is_open(p);
}

static bool
has_promised(const struct role *r, const struct role_remote *p)
{
	return role_is_live(r, p) && p->link.promised == r->lead.proposal;
}

static bool
has_acked(const struct role *r, const struct role_remote *p)
{
	return role_is_live(r, p) && p->link.acked == r->lead.proposal;
}

bool
role_is_enough(const struct role *r, role_has *has)
{
	const struct role_lead *l = &r->lead;

	if (l->epoch > 0)
		return role_is_quorum(r, &l->ruling, has);
	if (l->adopted.new.version == 0)
		return role_is_all_of_file(r, has);
	if (l->change.kind == ROLE_KIND_FOUND)
		return role_is_all(r, &l->adopted.new, has);
	return role_is_quorum(r, &l->adopted, has);
}

bool
role_is_promised(struct role *r)
{
	const struct role_lead *l = &r->lead;

	/* our own promise is one of the quorum's */
	if (r->epochs.accepted < l->proposal)
		return false;
	if (l->adopted.new.version == 0)
		return role_change_found(r, has_promised);
	if (l->change.kind == ROLE_KIND_FOUND)
		return role_is_all(r, &l->adopted.new, has_promised);
	return role_is_quorum(r, &l->adopted, has_promised);
}

/* Our own ACK counts once it is written. */
bool
role_is_acked(const struct role *r)
{
	const struct role_lead *l = &r->lead;

	if (!role_epochs_recorded(r, l->proposal))
		return false;
	if (l->change.kind == ROLE_KIND_FOUND)
		return role_is_all(r, &l->proposed.new, has_acked);
	return role_is_quorum(r, &l->proposed, has_acked);
}

uint64_t
role_opens_ms(const struct role *r)
{
	const struct role_lead *l = &r->lead;
	const struct role_promise *p = &r->lease.memory.promise;

	if (l->epoch == l->proposal && l->proposed.old.version > 0)
		return r->lease.memory.published_ms;
	if (l->epoch == l->proposal || !l->promised || p->sid == r->config.sid ||
	    p->end_ms == 0 || !role_is_acked(r))
		return UINT64_MAX;
	return p->end_ms;
}

void
role_send_info(const struct role *r, const struct role_remote *p, int64_t epoch,
               struct role_actions *out)
{
	const struct qpacket_leaderinfo info = {
	    .protocol = QPACKET_PROTOCOL,
	    .tick_ms = r->timing.tick_ms,
	    .init_limit = r->timing.init_limit,
	    .sync_limit = r->timing.sync_limit,
	};
	struct role_packet *q = role_send(out, p, QPACKET_LEADERINFO, epoch << 32);

	q->data_len = (uint8_t)members_put_leaderinfo(&info, q->data, sizeof(q->data));
	assert(q->data_len > 0);
}

void
role_send_all(struct role *r, int32_t type, int64_t epoch, struct role_actions *out)
{
	for (unsigned i = 0; i < r->remote_count; i++) {
		struct role_remote *p = &r->remotes[i];
		struct role_link *l = &p->link;

		if (!role_is_live(r, p))
			continue;
		if (type == QPACKET_LEADERINFO && l->offered != epoch &&
		    l->offered == l->answered) {
			l->offered = epoch;
			role_send_info(r, p, epoch, out);
		} else if (type == QPACKET_NEWLEADER && l->answered == epoch &&
		           l->told != epoch) {
			l->told = epoch;
			role_send(out, p, type, epoch << 32)->pair = &r->lead.proposed;
		} else if (type == QPACKET_UPTODATE && has_acked(r, p) &&
		           l->released != epoch) {
			l->released = epoch;
			role_send(out, p, type, epoch << 32);
		}
	}
}

/* `quorum`: role_limit_quorum. */
static int64_t
base_over(const struct role *r, int64_t quorum)
{
	int64_t base = quorum;

	if (r->epochs.promised > base)
		base = r->epochs.promised;
	return r->lead.proposal > base ? r->lead.proposal : base;
}

int64_t
role_base_epoch(const struct role *r)
{
	return base_over(r, role_limit_quorum(r));
}

/* Can we propose an epoch above what `p` has promised? */
static bool
is_within(const struct role *r, const struct role_remote *p, int64_t base,
          uint64_t now_ms)
{
	int64_t epoch = p->link.accepted;

	if (epoch >= ROLE_EPOCH_MAX)
		return r->lead.promised && r->lead.proposal == epoch;
	return epoch <= base || role_limit_takes(r, base, epoch, now_ms);
}

/* Keeps out `p` if its promise lies too far beyond what a quorum reports. LEADERINFO
 * tells it where we are. */
static void
sieve(struct role *r, struct role_remote *p, struct role_actions *out)
{
	int64_t quorum, base;

	if (!role_is_live(r, p))
		return;
	quorum = role_limit_quorum(r);
	if (quorum == ROLE_EPOCH_UNKNOWN)
		return;
	base = base_over(r, quorum);
	if (is_within(r, p, base, out->now_ms)) {
		role_limit_let_in(r, p);
		return;
	}
	role_limit_keep_out(r, p, out->now_ms);
	role_send_info(r, p, base > 0 ? base : 1, out);
	role_close(p, ROLE_CLOSE_TOO_HIGH, out);
	if (!role_is_open(p))
		return;
	role_limit_report(r, p, p->link.accepted); /* of the newcomer beside it */
	sieve(r, p, out);
}

/* One report may tell about all. */
bool
role_sieve_all(struct role *r, struct role_actions *out)
{
	if (r->limit.ahead && r->lead.epoch == 0 && !role_may_stand(r)) {
		role_look_again(r, MSG_LOOK_EPOCH, false, out);
		return false;
	}
	for (unsigned i = 0; i < r->remote_count; i++)
		sieve(r, &r->remotes[i], out);
	return true;
}

/* ---- how long a leader goes on ---- */

void
role_set_deadlines(struct role *r, const struct role_actions *out)
{
	uint64_t init = role_ticks(r, r->timing.init_limit);

	r->lead.first_ms = out->now_ms + role_ticks(r, FIRST_TICKS);
	r->lead.promise_ms = out->now_ms + init / 2;
	r->lead.init_ms = out->now_ms + init;
}

/* Does what `p` promised before stand in the way of our epoch? An equal one was perhaps
 * promised to another server; that is no obstacle once a quorum has promised it to us. */
bool
role_is_above(const struct role *r, const struct role_remote *p)
{
	const struct role_lead *l = &r->lead;

	if (!l->gathered)
		return false;
	return p->link.accepted > l->proposal ||
	       (p->link.accepted == l->proposal && !l->promised);
}

uint64_t
role_joined_ms(const struct role *r, const struct role_remote *p)
{
	return p->link.since_ms + role_ticks(r, JOIN_TICKS);
}

/* One whose disk hangs would keep us leader of a quorum that does not follow us, and
 * others from electing another. */
static bool
is_with_us(const struct role *r, const struct role_remote *p)
{
	return role_is_live(r, p) && (r->lead.epoch == 0 || p->link.acked > 0 ||
	                              r->lead.counted_ms < role_joined_ms(r, p));
}

/* D6: until first_ms others may come in the place of those that went, as long as nobody
 * was told that a quorum has promised. One whose disk failed was quicker than they. */
bool
role_is_deserted(struct role *r, uint64_t now_ms)
{
	struct role_lead *l = &r->lead;
	bool promised = l->promised || l->epoch > 0;

	l->counted_ms = now_ms;
	return l->gathered && (promised || now_ms >= l->first_ms) &&
	       !role_is_enough(r, is_with_us);
}

/* D1, D6: until the quorum of FOLLOWERINFO, and again while it is lost; until the quorum
 * of promises, for which others than a slow disk need no more time than half of
 * init_limit; until the end. */
uint64_t
role_deadline_ms(const struct role *r)
{
	const struct role_lead *l = &r->lead;
	uint64_t due = l->init_ms;

	if (l->promised || l->epoch > 0)
		return due;
	if (l->gathered && l->promise_ms < due)
		due = l->promise_ms;
	if ((!l->gathered || !role_is_enough(r, role_is_live)) && l->first_ms < due)
		due = l->first_ms;
	return due;
}
