/* What connmgr does for who swaps an elector: it knows a candidate, holds it against the
 * active one, and keeps what becomes of it; see swap/swap.h and switchboard.h. */
#include "connmgr/switchboard_impl.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/paths.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int
find_elector(const struct switchboard *s, const char *name)
{
	int found = -1;

	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++) {
		const struct board_worker *w = board_worker(s->board, i);

		if (!w->used || !s->workers[i].door || w->who != MSG_WHO_ELECTOR ||
		    strcmp(w->name, name) != 0)
			continue;
		found = (int)i;
		if (board_is_active(s->board, i))
			break;
	}
	return found;
}

size_t
switchboard_accept(struct switchboard *s, const char *name, char *out, size_t cap)
{
	struct record fresh = s->records[0];
	int r, n;

	if (strcmp(fresh.now.name, name) != 0)
		return json_error("another elector is in use", out, cap);
	if (promotion_busy(s))
		return json_error("a promotion is under way", out, cap);
	fresh.accepted = true;
	r = store_save_record(s->conf, MSG_WHO_ELECTOR, &fresh, true);
	if (r < 0) {
		log_err("the record of the elector cannot be written: %s", strerror(-r));
		return json_error("the record cannot be written", out, cap);
	}
	s->records[0] = fresh;
	log_info("elector %s accepted", name);
	n = snprintf(out, cap, "{\"ok\":true}");
	return n < 0 || (size_t)n >= cap ? 0 : (size_t)n;
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

static void
put_comparison(struct buf_out *out, struct switchboard *s)
{
	const struct shadow_difference *d = shadow_difference(s->shadow);

	shadow_age(s->shadow, clock_ms());
	buf_put_text(out, ",\"comparing\":%s,\"compared\":%" PRIu64 ",\"difference\":",
	             shadow_is_on(s->shadow) ? "true" : "false",
	             shadow_compared(s->shadow));
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

size_t
switchboard_shadow(struct switchboard *s, const char *name, char *out, size_t cap)
{
	int at = paths_name_ok(name) ? find_elector(s, name) : -1;
	const struct board_worker *b;
	const struct worker *w;
	struct buf_out text;

	buf_out_init(&text, out, cap);
	buf_put_text(&text, "{\"ok\":true,\"attached\":%s", at < 0 ? "false" : "true");
	if (at >= 0) {
		b = board_worker(s->board, (unsigned)at);
		w = &s->workers[at];
		buf_put_text(&text,
		             ",\"active\":%s,\"synced\":%s,\"generation\":%" PRIu64
		             ",\"said\":%" PRIu64 ",\"refused\":%" PRIu64
		             ",\"links_lost\":%" PRIu64 ",\"frames_in\":%" PRIu64,
		             board_is_active(s->board, (unsigned)at) ? "true" : "false",
		             b->phase == BOARD_OPEN ? "true" : "false", b->generation,
		             w->said, w->refused, w->lost,
		             lane_counters(s->election).frames_in);
		if (at == s->candidate)
			put_comparison(&text, s);
	}
	buf_put_u8(&text, '}');
	return text.bad ? 0 : text.len;
}

void
switchboard_replayed(struct switchboard *s, unsigned worker)
{
	const struct board_worker *w = board_worker(s->board, worker);

	if (w->who != MSG_WHO_ELECTOR || w->generation > 0 ||
	    strcmp(w->name, s->records[0].now.name) == 0)
		return;
	s->candidate = (int)worker;
	shadow_begin(s->shadow, clock_ms(), s->looking);
}

void
switchboard_unlinked(struct switchboard *s, unsigned worker)
{
	if ((int)worker != s->candidate)
		return;
	s->candidate = -1;
	shadow_end(s->shadow);
}

void
switchboard_activated(struct switchboard *s, unsigned worker)
{
	if (board_worker(s->board, worker)->who != MSG_WHO_ELECTOR)
		return;
	switchboard_unlinked(s, worker);
	if (s->candidate >= 0)
		shadow_begin(s->shadow, clock_ms(), s->looking);
}

void
switchboard_word(struct switchboard *s, bool looking)
{
	s->looking = looking;
	shadow_word(s->shadow, clock_ms(), looking);
}

bool
switchboard_compare(struct switchboard *s, unsigned worker, const struct msg *m)
{
	bool ours = (int)worker == s->candidate;
	enum shadow_side side = ours ? SHADOW_CANDIDATE : SHADOW_ACTIVE;
	unsigned char vote[BOARD_SMALL_MAX];

	if (s->candidate < 0 || (!ours && !board_is_active(s->board, worker)))
		return false;
	if (m->type == MSG_FRAME_OUT) {
		shadow_hear(s->shadow, clock_ms(), side, m->u.frame.sid, m->u.frame.data,
		            m->u.frame.data_len);
	} else if (m->type == MSG_DECIDED) {
		shadow_hear(s->shadow, clock_ms(), side, SHADOW_DECIDED, vote,
		            msg_encode(m, vote, sizeof(vote)));
	}
	/* a shadow's hello and its attaching are the board's */
	return ours && (m->type == MSG_FRAME_OUT || m->type == MSG_DECIDED ||
	                m->type == MSG_DOUBT || m->type == MSG_STATE);
}
