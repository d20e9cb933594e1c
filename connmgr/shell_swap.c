/* The requests of whoever swaps an elector (swap/swap.h): a promotion, its acceptance,
 * and what becomes of the candidate. */
#include "connmgr/shell_impl.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* forward|back|undo NAME [PATH] */
static const char *
parse_promote(char *words, enum record_turn *turn, char **name, char **path)
{
	static const char *const turns[] = {"forward", "back", "undo"};
	char *how = strsep(&words, " ");
	unsigned i = 0;

	*name = strsep(&words, " ");
	*path = words;
	while (i < 3 && strcmp(how, turns[i]) != 0)
		i++;
	if (i == 3)
		return "promote forward, back, or undo?";
	*turn = (enum record_turn)i;
	if (!*name || !paths_name_ok(*name))
		return "promote whom? A name has letters, digits, `._-`";
	if (*path && !record_path_ok(*path))
		return "the path of a program begins with / and has printable characters";
	return NULL;
}

static void
answer(struct door_conn *asker, const char *error, uint64_t generation)
{
	char text[256];
	int n;

	if (error)
		n = (int)json_error(error, text, sizeof(text));
	else
		n = snprintf(text, sizeof(text),
		             "{\"ok\":true,\"generation\":%" PRIu64 "}", generation);
	if (door_send(asker, text, (size_t)n) < 0)
		door_conn_close(asker);
}

/* What waits for the disk, in the errand's thread. */
static int
work(void *user)
{
	const struct connmgr *s = user;

	return s->placed ? store_sync_records(s->conf)
	                 : store_prepare_record(s->conf, &s->fresh);
}

/* First the record is written: it is put in force, and the new elector is activated in
 * the same turn. Then that is synced: the asker gets the answer. */
static void
on_done(void *user, int result)
{
	struct board_event ev = {.type = BOARD_EV_PREPARED, .ok = result == 0};
	struct connmgr *s = user;
	const char *error = NULL;

	if (result < 0)
		log_err("the record of the elector cannot be %s: %s",
		        s->placed ? "synced" : "written", strerror(-result));
	if (!s->placed) {
		connmgr_bury(s, NULL); /* the candidate may have been stopped meanwhile */
		s->refusal = NULL;
		connmgr_push(s, &ev);
		if (s->placed) {
			errand_start(s->errand);
			return;
		}
		error = s->refusal ? s->refusal : "the record cannot be written";
	} /* else it has happened, for all but a power failure */
	if (s->asker)
		answer(s->asker, error, s->fresh.generation);
	s->asker = NULL;
}

static bool
busy(const struct connmgr *s)
{
	return s->errand && errand_busy(s->errand);
}

void
connmgr_promote(struct connmgr *s, struct door_conn *asker, char *words)
{
	static const struct errand_ops ops = {work, on_done};
	struct board_event ev = {.type = BOARD_EV_PROMOTE};
	enum record_turn turn;
	char *name, *path;

	if (busy(s))
		s->refusal = "another promotion is under way";
	else
		s->refusal = parse_promote(words, &turn, &name, &path);
	/* few processes ever need the thread */
	if (!s->refusal && !s->errand && errand_open(&s->errand, s->loop, &ops, s) < 0)
		s->refusal = "there is no room for a thread";
	if (!s->refusal) {
		s->fresh = s->records[0];
		record_promote(&s->fresh, name, path ? path : "", turn);
		ev.name = name;
		connmgr_push(s, &ev);
	}
	if (s->refusal)
		answer(asker, s->refusal, 0);
	else
		s->asker = asker;
}

static void
put_said(struct buf_out *out, const char *key, const struct shadow_said *said)
{
	json_put_key(out, key);
	if (!said->there) {
		buf_put_text(out, "null");
		return;
	}
	buf_put_u8(out, '"');
	for (size_t i = 0; i < said->head_len; i++)
		buf_put_text(out, "%02x", said->head[i]);
	buf_put_u8(out, '"');
}

/* The first difference, if one was found. */
static void
put_comparison(struct buf_out *out, struct shadow *shadow)
{
	const struct shadow_report *d = shadow_report(shadow);

	shadow_age(shadow, clock_ms());
	json_put_bool(out, "comparing", d->on);
	json_put_u64(out, "compared", d->compared);
	json_put_key(out, "difference");
	if (!d->found) {
		buf_put_text(out, "null");
		return;
	}
	buf_put_u8(out, '{');
	json_put_key(out, "remote");
	if (d->sid == SHADOW_DECIDED)
		buf_put_text(out, "null");
	else
		buf_put_text(out, "%" PRId64, d->sid);
	put_said(out, "active", &d->sides[SHADOW_ACTIVE]);
	put_said(out, "candidate", &d->sides[SHADOW_CANDIDATE]);
	buf_put_u8(out, '}');
}

static int
find_elector(const struct connmgr *s, const char *name)
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
connmgr_accept(struct connmgr *s, const char *name, char *out, size_t cap)
{
	struct record fresh = s->records[0];
	int r, n;

	if (strcmp(fresh.now.name, name) != 0)
		return json_error("another elector is in use", out, cap);
	if (busy(s))
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

size_t
connmgr_shadow(struct connmgr *s, const char *name, char *out, size_t cap)
{
	int at = paths_name_ok(name) ? find_elector(s, name) : -1;
	const struct board_worker *b;
	const struct worker *w;
	struct buf_out text;

	buf_out_init(&text, out, cap);
	buf_put_u8(&text, '{');
	json_put_bool(&text, "ok", true);
	json_put_bool(&text, "attached", at >= 0);
	if (at >= 0) {
		b = board_worker(s->board, (unsigned)at);
		w = &s->workers[at];
		json_put_bool(&text, "active", board_is_active(s->board, (unsigned)at));
		json_put_bool(&text, "synced", b->phase == BOARD_OPEN);
		json_put_u64(&text, "generation", b->generation);
		json_put_u64(&text, "said", w->said);
		json_put_u64(&text, "refused", w->refused);
		json_put_u64(&text, "links_lost", w->lost);
		json_put_u64(&text, "frames_in", s->election->counters.frames_in);
		if (at == s->candidate)
			put_comparison(&text, s->shadow);
	}
	buf_put_u8(&text, '}');
	return text.bad ? 0 : text.len;
}
