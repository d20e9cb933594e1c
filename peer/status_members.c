/* What the peer says of memberships, as JSON and in its log (docs/MEMBERSHIP.md, section
 * What is said). */
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/log_limited.h"
#include "peer/shell.h"
#include "view/members_text.h"

#include <inttypes.h>
#include <string.h>

static void
put_number(struct buf_out *out, const char *key, bool known, int64_t value)
{
	json_put_key(out, key);
	if (known)
		buf_put_text(out, "%" PRId64, value);
	else
		buf_put_text(out, "null");
}

static const char *
sentence(const struct peer *p, const struct role_members_view *v, char *out, size_t cap)
{
	const struct conf *conf = p->conf;
	struct members_said said = {
	    .state = members_text_state(role_members_state_name(v->state)),
	    .version = v->version,
	    .wished = v->wished,
	    .from = v->from,
	    .to = v->to,
	    .missing_count = v->missing_count,
	    .has_other = v->has_other,
	    .other = v->other,
	    .times = v->times,
	    .patience_ms = (uint64_t)conf->timing.init_limit * conf->timing.tick_ms,
	};

	memcpy(said.missing, v->missing, sizeof(said.missing));
	return members_text_put(&said, out, cap);
}

static void
put_membership(struct buf_out *out, const char *key, const struct members *m)
{
	json_put_key(out, key);
	if (m->version == 0) {
		buf_put_text(out, "null");
		return;
	}
	buf_put_u8(out, '{');
	json_put_i64(out, "version", m->version);
	json_put_key(out, "servers");
	buf_put_u8(out, '[');
	for (unsigned i = 0; i < m->count; i++) {
		const struct member *e = &m->list[i];

		json_put_next(out);
		buf_put_u8(out, '{');
		json_put_i64(out, "id", e->sid);
		json_put_text(out, "role", e->observer ? "observer" : "participant");
		json_put_i64(out, "weight", e->weight);
		json_put_i64(out, "priority", e->priority);
		put_number(out, "group", e->has_group, e->group);
		buf_put_u8(out, '}');
	}
	buf_put_text(out, "]}");
}

static void
put_record(struct buf_out *out, const struct members_record *record)
{
	json_put_key(out, "record");
	if (!record) {
		buf_put_text(out, "null");
		return;
	}
	buf_put_u8(out, '{');
	json_put_i64(out, "epoch", record->epoch);
	put_membership(out, "old", &record->old);
	put_membership(out, "new", &record->new);
	buf_put_u8(out, '}');
}

/* The members of the object but for the record. */
static void
put_view(struct buf_out *out, const struct peer *p, const struct role_members_view *v)
{
	char text[MEMBERS_SENTENCE_MAX];

	put_number(out, "version", v->version > 0, v->version);
	json_put_i64(out, "wished", v->wished);
	json_put_bool(out, "joint", v->joint);
	put_number(out, "from", v->from > 0, v->from);
	put_number(out, "to", v->to > 0, v->to);
	json_put_text(out, "state", role_members_state_name(v->state));
	json_put_key(out, "missing");
	buf_put_u8(out, '[');
	for (unsigned i = 0; i < v->missing_count; i++) {
		json_put_next(out);
		buf_put_text(out, "%" PRId64, v->missing[i]);
	}
	buf_put_u8(out, ']');
	put_number(out, "other", v->has_other, v->other);
	json_put_u64(out, "times", v->times);
	json_put_bool(out, "other_timing", v->other_timing);
	json_put_text(out, "text", sentence(p, v, text, sizeof(text)));
}

void
peer_put_members(struct buf_out *out, const struct peer *p, bool whole)
{
	struct role_members_view v = p->seen;

	json_put_key(out, "members");
	if (!p->role || !p->conf->zab) {
		buf_put_text(out, "null");
		return;
	}
	if (whole) /* now; an event says what has changed the last time */
		role_get_members(p->role, clock_ms(), &v);
	buf_put_u8(out, '{');
	put_view(out, p, &v);
	if (whole)
		put_record(out, role_get_membership(p->role));
	buf_put_u8(out, '}');
}

/* Is it another sentence than before? In a change, and while nobody leads, who is missing
 * changes within ms, again and again, which is not worth a line each. */
static bool
is_new(const struct role_members_view *was, const struct role_members_view *now)
{
	bool named = now->state == ROLE_MEMBERS_FOUNDING_WAITS ||
	             now->state == ROLE_MEMBERS_WAITS_JOIN;

	return named || was->state != now->state || was->from != now->from ||
	       was->to != now->to || was->other != now->other ||
	       was->times != now->times || was->wished != now->wished;
}

bool
peer_see_members(struct peer *p)
{
	char was[MEMBERS_SENTENCE_MAX], now[MEMBERS_SENTENCE_MAX];
	struct role_members_view v;

	if (!p->role || !p->conf->zab)
		return false;
	role_get_members(p->role, clock_ms(), &v);
	if (memcmp(&v, &p->seen, sizeof(v)) == 0)
		return false;
	sentence(p, &p->seen, was, sizeof(was));
	sentence(p, &v, now, sizeof(now));
	if (v.version != p->seen.version && v.version > 0)
		log_notice("members %" PRId64 " are in force", v.version);
	if (*now && strcmp(was, now) != 0 && is_new(&p->seen, &v))
		log_limited(LOG_LEVEL_NOTICE, "%s", now);
	memcpy(&p->seen, &v, sizeof(v)); /* holes too, for the next memcmp */
	return true;
}
