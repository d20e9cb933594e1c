/* Rule: see shadow.h. */
#include "connmgr/shadow.h"

#include <stdlib.h>
#include <string.h>

struct remote {
	int64_t sid;
	bool known[2]; /* by side: it has sent something since shadow_begin */
	uint64_t digest[2];
	size_t len[2];
};

struct waiting { /* sent by one side only so far; in order of arrival */
	enum shadow_side side;
	unsigned remote;
	uint64_t since_ms;
	struct shadow_said said;
};

struct shadow {
	bool begun;     /* there is a candidate */
	uint64_t on_ms; /* while the report is `on`: compares from then on */
	unsigned remote_count;
	struct remote remotes[SHADOW_REMOTES_MAX];
	unsigned waiting_count;
	struct waiting waiting[SHADOW_WAITS_MAX];
	struct shadow_report report;
};

struct shadow *
shadow_new(void)
{
	return calloc(1, sizeof(struct shadow));
}

void
shadow_free(struct shadow *s)
{
	free(s);
}

void
shadow_end(struct shadow *s)
{
	s->begun = false;
	s->remote_count = 0;
	s->waiting_count = 0;
	s->report.on = false;
	s->report.compared = 0;
	s->report.found = false;
}

void
shadow_word(struct shadow *s, uint64_t now_ms, bool looking)
{
	if (!s->begun || looking || s->report.on)
		return;
	s->report.on = true;
	s->on_ms = now_ms + SHADOW_SETTLE_MS;
}

void
shadow_begin(struct shadow *s, uint64_t now_ms, bool looking)
{
	shadow_end(s);
	s->begun = true;
	shadow_word(s, now_ms, looking);
}

/* FNV-1a: it need only tell notifications apart that differ by accident. */
static uint64_t
digest(const unsigned char *data, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		h = (h ^ data[i]) * UINT64_C(0x100000001b3);
	return h;
}

static void
take(struct shadow_said *out, const unsigned char *data, size_t len)
{
	out->there = true;
	out->len = len;
	out->digest = digest(data, len);
	out->head_len = len < SHADOW_HEAD_MAX ? len : SHADOW_HEAD_MAX;
	memcpy(out->head, data, out->head_len);
}

static struct remote *
find_remote(struct shadow *s, int64_t sid)
{
	for (unsigned i = 0; i < s->remote_count; i++)
		if (s->remotes[i].sid == sid)
			return &s->remotes[i];
	if (s->remote_count == SHADOW_REMOTES_MAX)
		return NULL;
	s->remotes[s->remote_count] = (struct remote){.sid = sid};
	return &s->remotes[s->remote_count++];
}

static struct waiting *
first_waiting(struct shadow *s, unsigned remote, enum shadow_side side)
{
	for (unsigned i = 0; i < s->waiting_count; i++)
		if (s->waiting[i].remote == remote && s->waiting[i].side == side)
			return &s->waiting[i];
	return NULL;
}

static void
drop_waiting(struct shadow *s, struct waiting *w)
{
	size_t at = (size_t)(w - s->waiting);

	s->waiting_count--;
	memmove(w, w + 1, (s->waiting_count - at) * sizeof(*w));
}

/* `theirs` is what the other side sent instead; NULL: nothing. */
static void
differ(struct shadow *s, int64_t sid, enum shadow_side side,
       const struct shadow_said *ours, const struct shadow_said *theirs)
{
	struct shadow_report *d = &s->report;

	d->found = true;
	d->sid = sid;
	d->sides[side] = *ours;
	if (theirs)
		d->sides[1 - side] = *theirs;
	else
		d->sides[1 - side].there = false;
}

/* True if it repeats the last message to that remote; else it is the last one now. */
static bool
said_again(struct remote *r, enum shadow_side side, const struct shadow_said *said)
{
	if (r->known[side] && r->digest[side] == said->digest &&
	    r->len[side] == said->len)
		return true;
	r->known[side] = true;
	r->digest[side] = said->digest;
	r->len[side] = said->len;
	return false;
}

void
shadow_hear(struct shadow *s, uint64_t now_ms, enum shadow_side side, int64_t sid,
            const void *data, size_t len)
{
	struct shadow_said said;
	struct waiting *other;
	struct remote *r;
	unsigned at;

	if (!s->report.on || now_ms < s->on_ms || s->report.found)
		return;
	r = find_remote(s, sid);
	if (!r)
		return;
	take(&said, data, len);
	if (said_again(r, side, &said))
		return;
	at = (unsigned)(r - s->remotes);
	other = first_waiting(s, at, 1 - side);
	if (other) {
		if (other->said.digest != said.digest || other->said.len != said.len)
			differ(s, sid, side, &said, &other->said);
		else
			s->report.compared++;
		drop_waiting(s, other);
	} else if (s->waiting_count == SHADOW_WAITS_MAX) {
		differ(s, sid, side, &said, NULL);
	} else {
		s->waiting[s->waiting_count++] = (struct waiting){
		    .side = side, .remote = at, .since_ms = now_ms, .said = said};
	}
}

void
shadow_age(struct shadow *s, uint64_t now_ms)
{
	const struct waiting *w = s->waiting;

	if (s->waiting_count == 0 || s->report.found ||
	    now_ms < w->since_ms + SHADOW_LATE_MS)
		return;
	differ(s, s->remotes[w->remote].sid, w->side, &w->said, NULL);
}

const struct shadow_report *
shadow_report(const struct shadow *s)
{
	return &s->report;
}
