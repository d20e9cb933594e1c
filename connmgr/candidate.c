/* See candidate.h. */
#include "connmgr/candidate.h"

#include "connmgr/board_keep.h"

#include <errno.h>
#include <inttypes.h>

int
candidate_init(struct candidate *c)
{
	*c = (struct candidate){.shadow = shadow_new(), .worker = -1, .looking = true};
	return c->shadow ? 0 : -ENOMEM;
}

void
candidate_deinit(struct candidate *c)
{
	shadow_free(c->shadow);
}

void
candidate_begin(struct candidate *c, unsigned worker, uint64_t now_ms)
{
	c->worker = (int)worker;
	shadow_begin(c->shadow, now_ms, c->looking);
}

void
candidate_end(struct candidate *c, unsigned worker)
{
	if ((int)worker != c->worker)
		return;
	c->worker = -1;
	shadow_end(c->shadow);
}

void
candidate_activated(struct candidate *c, unsigned worker, uint64_t now_ms)
{
	candidate_end(c, worker);
	if (c->worker >= 0)
		shadow_begin(c->shadow, now_ms, c->looking);
}

void
candidate_word(struct candidate *c, bool looking, uint64_t now_ms)
{
	c->looking = looking;
	shadow_word(c->shadow, now_ms, looking);
}

bool
candidate_hear(struct candidate *c, unsigned worker, bool active, const struct msg *m,
               uint64_t now_ms)
{
	bool ours = (int)worker == c->worker;
	enum shadow_side side = ours ? SHADOW_CANDIDATE : SHADOW_ACTIVE;
	unsigned char vote[BOARD_SMALL_MAX];

	if (!ours && !active)
		return false;
	if (m->type == MSG_FRAME_OUT)
		shadow_hear(c->shadow, now_ms, side, m->u.frame.sid, m->u.frame.data,
		            m->u.frame.data_len);
	else if (m->type == MSG_DECIDED)
		shadow_hear(c->shadow, now_ms, side, SHADOW_DECIDED, vote,
		            msg_encode(m, vote, sizeof(vote)));
	/* a shadow's hello is the board's */
	return ours && (m->type == MSG_FRAME_OUT || m->type == MSG_DECIDED ||
	                m->type == MSG_DOUBT || m->type == MSG_STATE);
}

static void
put_said(struct buf_out *out, const char *key, const struct shadow_said *said)
{
	buf_put_text(out, ",\"%s\":", key);
	if (!said->there) {
		buf_put_text(out, "null");
		return;
	}
	buf_put_u8(out, '"');
	for (size_t i = 0; i < said->head_len; i++)
		buf_put_text(out, "%02x", said->head[i]);
	buf_put_u8(out, '"');
}

void
candidate_print(const struct candidate *c, struct buf_out *out, uint64_t now_ms)
{
	const struct shadow_difference *d = shadow_difference(c->shadow);

	shadow_age(c->shadow, now_ms);
	buf_put_text(out, ",\"comparing\":%s,\"compared\":%" PRIu64 ",\"difference\":",
	             shadow_is_on(c->shadow) ? "true" : "false",
	             shadow_compared(c->shadow));
	if (!d->found) {
		buf_put_text(out, "null");
		return;
	}
	if (d->sid == SHADOW_DECIDED)
		buf_put_text(out, "{\"remote\":null");
	else
		buf_put_text(out, "{\"remote\":%" PRId64, d->sid);
	put_said(out, "active", &d->sides[SHADOW_ACTIVE]);
	put_said(out, "candidate", &d->sides[SHADOW_CANDIDATE]);
	buf_put_u8(out, '}');
}
