/* Which connection is the learner link to a remote. connmgr passes up connections, each
 * with a number, and cannot know from whom they are; the core goes by what they say:
 *
 * - The connection to the leader is the one that we dialled, whatever else comes. While
 *   we look we dial whom we shall probably follow, so that the connection stands when
 *   the election ends.
 * - A connection that was accepted becomes the link with its first packet, if that is an
 *   acceptable FOLLOWERINFO or OBSERVERINFO; else it is closed.
 * - Where a link is in use already, that one is pinged at once. If it sends anything
 *   within a tick, the newcomer is closed; else, or when it ends, the newcomer takes its
 *   place. Of several newcomers the last one waits.
 * - What comes over any other connection is dropped. A new link begins with nothing: what
 *   was promised or acknowledged over the old one does not count for it. */
#include "peer/role_impl.h"

#include <string.h>

bool
role_is_open(const struct role_remote *p)
{
	return p->link.number > 0;
}

static void
disconnect(const struct role_remote *p, uint64_t number, enum role_close why,
           struct role_actions *out)
{
	struct role_action *a = role_act(out, ROLE_ACT_DISCONNECT);

	a->sid = p->sid;
	a->number = number;
	a->u.close = why;
}

static void
use(struct role_remote *p, uint64_t number, int64_t accepted, struct role_actions *out)
{
	struct role_action *a = role_act(out, ROLE_ACT_TAKE);

	memset(&p->link, 0, sizeof(p->link));
	p->link.number = number;
	p->link.accepted = accepted;
	p->link.since_ms = p->link.word_ms = p->link.ping_ms = out->now_ms;
	a->sid = p->sid;
	a->number = number;
}

/* The link has ended. The newcomer beside it, if there is one, is the link now. */
static void
end(struct role_remote *p, struct role_actions *out)
{
	uint64_t number = p->beside.number;

	memset(&p->link, 0, sizeof(p->link));
	if (number == 0)
		return;
	use(p, number, p->beside.accepted, out);
	memset(&p->beside, 0, sizeof(p->beside));
}

static void
close_beside(struct role_remote *p, enum role_close why, struct role_actions *out)
{
	if (p->beside.number > 0)
		disconnect(p, p->beside.number, why, out);
	memset(&p->beside, 0, sizeof(p->beside));
}

void
role_close(struct role_remote *p, enum role_close why, struct role_actions *out)
{
	if (!role_is_open(p))
		return;
	disconnect(p, p->link.number, why, out);
	end(p, out);
}

void
role_close_ahead(struct role_remote *p, enum role_close why, struct role_actions *out)
{
	if (p->dialling || p->ahead > 0)
		disconnect(p, p->ahead, why, out);
	p->dialling = false;
	p->ahead = 0;
}

bool
role_use_ahead(struct role_remote *p, struct role_actions *out)
{
	if (p->ahead == 0)
		return false;
	use(p, p->ahead, 0, out);
	p->ahead = 0;
	return true;
}

static void
close_links(struct role_remote *p, enum role_close why, struct role_actions *out)
{
	close_beside(p, why, out);
	role_close(p, why, out);
	if (p->fresh > 0)
		disconnect(p, p->fresh, why, out);
	p->fresh = 0;
}

void
role_close_remote(struct role_remote *p, enum role_close why, struct role_actions *out)
{
	close_links(p, why, out);
	role_close_ahead(p, why, out);
}

void
role_close_all(struct role *r, const struct role_remote *spared, enum role_close why,
               struct role_actions *out)
{
	for (unsigned i = 0; i < r->remote_count; i++) {
		struct role_remote *p = &r->remotes[i];

		close_links(p, why, out);
		if (p != spared)
			role_close_ahead(p, why, out);
	}
}

void
role_connect(struct role_remote *p, struct role_actions *out)
{
	p->dialling = true;
	role_act(out, ROLE_ACT_CONNECT)->sid = p->sid;
}

void
role_links_forget(struct role *r, uint64_t now_ms)
{
	for (unsigned i = 0; i < r->remote_count; i++) {
		struct role_remote *p = &r->remotes[i];

		memset(&p->link, 0, sizeof(p->link));
		memset(&p->beside, 0, sizeof(p->beside));
		p->fresh = p->ahead = 0;
		p->dialling = false;
		p->election = ROLE_ELECTION_LOST;
		p->election_ms = now_ms;
	}
}

enum role_turn
role_link_up(struct role_remote *p, const struct role_event *ev,
             const struct role_ops *ops, struct role_actions *out)
{
	enum role_close refuses = ops->refuses;

	if (ev->dialled && p->dialling) {
		p->dialling = false;
		p->ahead = ev->number;
		if (!ops->link_up)
			return ROLE_TURN_NONE;
		role_use_ahead(p, out);
		return ROLE_TURN_STANDS;
	}
	if (ev->dialled)
		refuses = ROLE_CLOSE_ENDED; /* for a role that is over */
	if (refuses != ROLE_CLOSE_NONE) {
		disconnect(p, ev->number, refuses, out);
		return ROLE_TURN_NONE;
	}
	if (p->fresh > 0)
		disconnect(p, p->fresh, ROLE_CLOSE_BESIDE, out);
	p->fresh = ev->number;
	return ROLE_TURN_NONE;
}

enum role_turn
role_link_down(struct role_remote *p, uint64_t number, struct role_actions *out)
{
	if (number == 0 && p->dialling) {
		p->dialling = false;
		return ROLE_TURN_FAILED;
	}
	if (number == 0)
		return ROLE_TURN_NONE;
	if (number == p->link.number) {
		end(p, out);
		return role_is_open(p) ? ROLE_TURN_JOINED : ROLE_TURN_ENDED;
	}
	if (number == p->fresh)
		p->fresh = 0;
	else if (number == p->ahead)
		p->ahead = 0;
	else if (number == p->beside.number)
		memset(&p->beside, 0, sizeof(p->beside));
	return ROLE_TURN_NONE;
}

/* NONE: it is acceptable, and gives the epoch that the remote has promised. */
static enum role_close
read_info(struct role *r, const struct role_remote *p, const struct qpacket *packet,
          int64_t *accepted)
{
	struct qpacket_learner info;

	if (!packet)
		return ROLE_CLOSE_BAD;
	if (packet->type != QPACKET_FOLLOWERINFO && packet->type != QPACKET_OBSERVERINFO)
		return ROLE_CLOSE_UNEXPECTED;
	if (qpacket_get_learner(packet, &info) != QPACKET_OK || info.sid != p->sid)
		return ROLE_CLOSE_BAD;
	if (role_is_open(p) && info.protocol < QPACKET_PROTOCOL)
		return ROLE_CLOSE_OLDER; /* not from that server: its link works */
	if (!role_takes_protocol(r, p->sid, info.protocol))
		return ROLE_CLOSE_OLDER;
	*accepted = packet->zxid >> 32;
	return *accepted < 0 ? ROLE_CLOSE_BAD : ROLE_CLOSE_NONE;
}

static enum role_turn
first_packet(struct role *r, struct role_remote *p, const struct qpacket *packet,
             struct role_actions *out)
{
	int64_t accepted = 0;
	enum role_close why = read_info(r, p, packet, &accepted);
	uint64_t number = p->fresh;

	p->fresh = 0;
	if (why != ROLE_CLOSE_NONE) {
		disconnect(p, number, why, out);
		return ROLE_TURN_NONE;
	}
	if (!role_is_open(p)) {
		use(p, number, accepted, out);
		return ROLE_TURN_JOINED;
	}
	close_beside(p, ROLE_CLOSE_BESIDE, out);
	p->beside.number = number;
	p->beside.accepted = accepted;
	p->beside.due_ms = out->now_ms + role_ticks(r, 1);
	role_send(out, p, QPACKET_PING, 0);
	return ROLE_TURN_NONE;
}

enum role_turn
role_link_packet(struct role *r, struct role_remote *p, const struct role_event *ev,
                 struct role_actions *out)
{
	const struct qpacket *packet = ev->type == ROLE_EV_PACKET ? ev->packet : NULL;

	if (ev->number == 0)
		return ROLE_TURN_NONE;
	if (ev->number == p->link.number) {
		if (packet)
			close_beside(p, ROLE_CLOSE_BESIDE, out);
		return ROLE_TURN_PACKET;
	}
	if (ev->number == p->fresh)
		return first_packet(r, p, packet, out);
	if (ev->number == p->beside.number) /* it is not its turn */
		close_beside(p, packet ? ROLE_CLOSE_UNEXPECTED : ROLE_CLOSE_BAD, out);
	return ROLE_TURN_NONE;
}

enum role_turn
role_link_due(struct role_remote *p, struct role_actions *out)
{
	if (p->beside.number == 0 || out->now_ms < p->beside.due_ms)
		return ROLE_TURN_NONE;
	role_close(p, ROLE_CLOSE_SILENT, out);
	return ROLE_TURN_JOINED;
}

uint64_t
role_link_due_ms(const struct role *r)
{
	uint64_t due = UINT64_MAX;

	for (unsigned i = 0; i < r->remote_count; i++) {
		const struct role_remote *p = &r->remotes[i];

		if (p->beside.number > 0 && p->beside.due_ms < due)
			due = p->beside.due_ms;
	}
	return due;
}
