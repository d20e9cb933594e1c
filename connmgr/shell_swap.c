/* The requests of whoever swaps an elector (swap/swap.h): a promotion, its acceptance,
 * and what becomes of the candidate. */
#include "connmgr/shell_impl.h"

#include "base/clock.h"
#include "base/exit.h"
#include "base/json.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BUSY "another promotion or acceptance is under way"

/* forward|back|undo NAME */
static const char *
parse_promote(char *words, enum record_turn *turn, char **name)
{
	static const char *const turns[] = {"forward", "back", "undo"};
	char *how = strsep(&words, " ");
	unsigned i = 0;

	*name = words;
	while (i < 3 && strcmp(how, turns[i]) != 0)
		i++;
	if (i == 3)
		return "promote forward, back, or undo?";
	*turn = (enum record_turn)i;
	if (!*name || !paths_name_ok(*name))
		return "promote whom? A name has letters, digits, `._-`";
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

static void
begin(struct connmgr *s, enum connmgr_errand errand)
{
	s->errand = errand;
	s->errand_ms = clock_ms();
	if (errand == ERRAND_READ) {
		copy_read(s->copy);
		return;
	}
	s->writing = errand == ERRAND_KEEP ? s->records[0] : s->fresh;
	copy_write(s->copy, &s->writing);
}

/* What was asked for waits for the work in progress. */
static void
want(struct connmgr *s, struct door_conn *asker, enum connmgr_errand errand)
{
	s->asker = asker;
	s->wanted = errand;
	connmgr_keep(s, clock_ms());
}

static void
answer_asker(struct connmgr *s, const char *error)
{
	if (s->asker)
		answer(s->asker, error, s->fresh.generation);
	s->asker = NULL;
	s->wanted = ERRAND_NONE;
}

/* The copy has the record, so it is put into force, and the new elector is activated in
 * the same turn. If the board refuses that now, the copy gets the old record again. */
static const char *
end_promotion(struct connmgr *s, bool written)
{
	struct board_event ev = {.type = BOARD_EV_PREPARED, .ok = written};

	connmgr_bury(s, NULL); /* the candidate may have been stopped meanwhile */
	s->refusal = NULL;
	s->promoted = false;
	connmgr_push(s, &ev);
	if (s->promoted)
		return NULL;
	return s->refusal ? s->refusal : "the record cannot be written";
}

static const char *
end_acceptance(struct connmgr *s, bool written)
{
	struct record now = s->records[0];
	int r;

	if (!written)
		return "the record cannot be written";
	if (strcmp(now.now.name, s->fresh.now.name) != 0)
		return "another elector is in use";
	now.accepted = true;
	r = store_write_record(s->conf->run_dir, MSG_WHO_ELECTOR, &now, false);
	if (r < 0) {
		log_err("the record of the elector cannot be written: %s", strerror(-r));
		return "the record cannot be written";
	}
	s->records[0] = now;
	log_info("elector %s accepted", now.now.name);
	return NULL;
}

static void
on_written(void *user, int error)
{
	struct connmgr *s = user;
	enum connmgr_errand errand = s->errand;

	s->errand = ERRAND_NONE;
	if (error < 0 && error != s->copy_error)
		log_err("the record %s/connmgr/elector cannot be written: %s; a restart "
		        "of the machine may start another elector",
		        s->conf->data_dir, strerror(-error));
	s->copy_error = error;
	s->copy_due_ms = error < 0 ? clock_ms() + BOARD_RETRY_MS : 0;
	s->copied = error < 0 ? (struct record){0} : s->writing;
	if (errand == ERRAND_PROMOTE)
		answer_asker(s, end_promotion(s, error == 0));
	else if (errand == ERRAND_ACCEPT)
		answer_asker(s, end_acceptance(s, error == 0));
}

/* Whoever could hold an older generation than those of `floor` is told to end when it
 * attaches. */
static void
on_read(void *user, int error, const struct record *record, uint64_t floor)
{
	struct connmgr *s = user;
	struct board_event ev = {.type = BOARD_EV_READ, .generation = floor};

	s->errand = ERRAND_NONE;
	if (error < 0) {
		(void)sd_event_exit(s->loop, EXIT_FAILED);
		return;
	}
	s->copied = *record;
	if (s->records[0].generation == 0)
		s->records[0] = *record;
	ev.who = MSG_WHO_ELECTOR;
	ev.name = record->now.name;
	connmgr_push(s, &ev);
	ev.who = MSG_WHO_PEER;
	ev.name = "";
	connmgr_push(s, &ev);
}

int
connmgr_open_copy(struct connmgr *s)
{
	static const struct copy_ops ops = {on_read, on_written};
	int r = copy_open(&s->copy, s->loop, s->conf, &ops, s);

	if (r == 0)
		begin(s, ERRAND_READ);
	return r;
}

/* All but the generation, of which the range counts. */
static bool
is_copied(const struct connmgr *s)
{
	const struct record *a = &s->copied, *b = &s->records[0];

	return a->generation / COPY_RANGE == b->generation / COPY_RANGE &&
	       strcmp(a->now.name, b->now.name) == 0 &&
	       strcmp(a->before.name, b->before.name) == 0 && a->accepted == b->accepted;
}

uint64_t
connmgr_keep_due_ms(const struct connmgr *s)
{
	if (s->errand != ERRAND_NONE)
		return UINT64_MAX;
	if (s->wanted != ERRAND_NONE)
		return 0;
	return is_copied(s) ? UINT64_MAX : s->copy_due_ms;
}

void
connmgr_keep(struct connmgr *s, uint64_t now_ms)
{
	if (now_ms >= connmgr_keep_due_ms(s))
		begin(s, s->wanted != ERRAND_NONE ? s->wanted : ERRAND_KEEP);
}

void
connmgr_promote(struct connmgr *s, struct door_conn *asker, char *words)
{
	struct board_event ev = {.type = BOARD_EV_PROMOTE};
	enum record_turn turn;
	char *name;

	s->refusal = parse_promote(words, &turn, &name);
	if (!s->refusal && s->wanted != ERRAND_NONE)
		s->refusal = BUSY;
	if (!s->refusal) {
		s->fresh = s->records[0];
		record_promote(&s->fresh, name, turn);
		ev.name = name;
		connmgr_push(s, &ev);
	}
	if (s->refusal)
		answer(asker, s->refusal, 0);
	else
		want(s, asker, ERRAND_PROMOTE);
}

void
connmgr_accept(struct connmgr *s, struct door_conn *asker, const char *name)
{
	const char *why = NULL;

	if (strcmp(s->records[0].now.name, name) != 0)
		why = "another elector is in use";
	else if (s->wanted != ERRAND_NONE)
		why = BUSY;
	if (why) {
		answer(asker, why, 0);
		return;
	}
	s->fresh = s->records[0];
	s->fresh.accepted = true;
	want(s, asker, ERRAND_ACCEPT);
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
		json_put_u64(&text, "frames_in", s->election->lane.counters.frames_in);
		if (at == s->candidate)
			put_comparison(&text, s->shadow);
	}
	buf_put_u8(&text, '}');
	return text.bad ? 0 : text.len;
}
