/* Another server's learner link: what is said over it, and its end. */
#include "peer/role_impl.h"

#include <assert.h>

struct role_remote *
role_remote(struct role *r, int64_t sid)
{
	for (unsigned i = 0; i < r->remote_count; i++)
		if (r->remotes[i].sid == sid)
			return &r->remotes[i];
	return NULL;
}

bool
role_is_open(const struct role_remote *p)
{
	return p->linked && !p->closing;
}

void
role_send(struct role_actions *out, int64_t sid, int32_t type, int64_t zxid)
{
	struct role_action *a = role_act(out, ROLE_ACT_SEND);

	a->sid = sid;
	a->u.packet.type = type;
	a->u.packet.zxid = zxid;
}

void
role_send_i32(struct role_actions *out, int64_t sid, int32_t type, int64_t zxid,
              int32_t value)
{
	struct role_action *a = role_act(out, ROLE_ACT_SEND);

	a->sid = sid;
	a->u.packet.type = type;
	a->u.packet.zxid = zxid;
	a->u.packet.data_len =
	    (uint8_t)qpacket_put_i32(value, a->u.packet.data, sizeof(a->u.packet.data));
	assert(a->u.packet.data_len > 0);
}

void
role_forget_link(struct role_remote *p)
{
	p->linked = false;
	p->closing = false;
	p->word_ms = 0;
	p->ping_ms = 0;
	p->pinged = false;
	p->informed = false;
	p->accepted = 0;
	p->offered = 0;
	p->answered = 0;
	p->promised = 0;
	p->told = 0;
	p->acked = 0;
	p->released = 0;
}

void
role_close(struct role_remote *p, enum role_close why, struct role_actions *out)
{
	struct role_action *a;

	if (!role_is_open(p))
		return;
	role_forget_link(p);
	p->linked = true;
	p->closing = true;
	a = role_act(out, ROLE_ACT_DISCONNECT);
	a->sid = p->sid;
	a->u.close = why;
}

void
role_close_all(struct role *r, enum role_close why, struct role_actions *out)
{
	for (unsigned i = 0; i < r->remote_count; i++)
		role_close(&r->remotes[i], why, out);
}

bool
role_take_info(struct role_remote *p, const struct qpacket *packet)
{
	struct qpacket_learner info;
	int64_t accepted = packet->zxid >> 32;

	if (p->informed || qpacket_get_learner(packet, &info) != QPACKET_OK)
		return false;
	if (info.sid != p->sid || info.protocol < QPACKET_PROTOCOL)
		return false;
	if (accepted < 0 || accepted >= ROLE_EPOCH_MAX)
		return false; /* ours would have to be one more, and fit */
	p->informed = true;
	p->accepted = accepted;
	return true;
}
