/* A promotion: its record is written and synced beside the loop, while the old elector
 * goes on; then it is put in force and the new one is activated, in one turn; then who
 * asked is told, once that too is on the disk. See swap/swap.h. */
#include "connmgr/switchboard_impl.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/paths.h"
#include "proc/errand.h"

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

/* In the thread. */
static int
work(void *user)
{
	const struct switchboard *s = user;

	return s->promotion.placed ? store_sync_records(s->conf)
	                           : store_prepare_record(s->conf, &s->promotion.record);
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
end(struct switchboard *s, const char *error)
{
	struct promotion *p = &s->promotion;

	if (p->asker)
		answer(p->asker, error, p->record.generation);
	p->asker = NULL;
}

static void
on_prepared(struct switchboard *s, int result)
{
	struct promotion *p = &s->promotion;
	struct board_event ev = {
	    .type = BOARD_EV_PREPARED, .now_ms = clock_ms(), .ok = result == 0};

	switchboard_bury(s); /* who waited in vain may have ended it meanwhile */
	p->refused = NULL;
	switchboard_step(s, &ev);
	if (p->placed)
		errand_start(p->errand);
	else
		end(s, p->refused ? p->refused : "the record cannot be written");
}

static void
on_done(void *user, int result)
{
	struct switchboard *s = user;

	if (result < 0)
		log_err("the record of the elector cannot be %s: %s",
		        s->promotion.placed ? "synced" : "written", strerror(-result));
	if (s->promotion.placed)
		end(s, NULL); /* it has happened, for all but a power failure */
	else
		on_prepared(s, result);
}

static const struct errand_ops errand_ops = {work, on_done};

void
promotion_close(struct switchboard *s)
{
	if (!promotion_busy(s))
		errand_close(s->promotion.errand); /* else a disk that hangs keeps us */
}

bool
promotion_busy(const struct switchboard *s)
{
	return s->promotion.errand && errand_busy(s->promotion.errand);
}

void
promotion_prepare(struct switchboard *s, uint64_t generation)
{
	s->promotion.record.generation = generation;
	s->promotion.placed = false;
	errand_start(s->promotion.errand);
}

int
promotion_place(struct switchboard *s)
{
	int r = store_place_record(s->conf);

	s->promotion.placed = r == 0;
	return r;
}

/* Few processes ever need the thread. */
static const char *
make_ready(struct switchboard *s)
{
	if (promotion_busy(s))
		return "another promotion is under way";
	if (!s->promotion.errand &&
	    errand_open(&s->promotion.errand, s->loop, &errand_ops, s) < 0)
		return "there is no room for a thread";
	return NULL;
}

void
promotion_begin(struct switchboard *s, struct door_conn *asker, char *words)
{
	struct promotion *p = &s->promotion;
	struct board_event ev = {.type = BOARD_EV_PROMOTE, .now_ms = clock_ms()};
	enum record_turn turn;
	char *name, *path;

	p->refused = make_ready(s);
	if (!p->refused)
		p->refused = parse_promote(words, &turn, &name, &path);
	if (!p->refused) {
		p->record = s->records[0];
		record_promote(&p->record, name, path ? path : "", turn);
		ev.name = name;
		switchboard_step(s, &ev);
	}
	if (p->refused)
		answer(asker, p->refused, 0);
	else
		p->asker = asker;
}
