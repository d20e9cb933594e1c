/* Who is a remote: the servers of our file until our peer has said who the members are
 * (MSG_MEMBERS), then those; see shell_impl.h. What the peer has said stays in force when
 * it ends. A connmgr that is started again begins with the file, which has most of them;
 * the peer says the members as the first that it says when it attaches again. */
#include "connmgr/shell_impl.h"

#include "base/clock.h"
#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define TEXTS 3 /* of a message */

static struct qconfig scratch; /* large; of one text at a time */

static bool
parse(const struct msg_text *text)
{
	return qconfig_parse(text->at, text->len, true, &scratch) == QCONFIG_OK;
}

bool
connmgr_members_ok(const struct msg_members *m)
{
	return parse(&m->current) && (m->last_seen.len == 0 || parse(&m->last_seen)) &&
	       (m->links.len == 0 || parse(&m->links));
}

static void
keep_all(struct connmgr *s)
{
	for (unsigned i = 0; i < scratch.server_count; i++) {
		election_keep(s->election, scratch.servers[i].sid);
		learner_keep(s->learner, scratch.servers[i].sid);
	}
}

/* The servers of `scratch`. A server whose memory cannot be had goes without links. */
static void
want_all(struct connmgr *s, uint64_t now_ms)
{
	for (unsigned i = 0; i < scratch.server_count; i++) {
		const struct qconfig_server *one = &scratch.servers[i];
		int r;

		/* nobody knows where it is: MEMBERS_HINT_NONE */
		if (one->addr_count == 0 || one->quorum[0].port == 0)
			continue;
		r = election_want(s->election, now_ms, one);
		if (r == 0)
			r = learner_want(s->learner, now_ms, one);
		if (r == 0)
			continue;
		s->members_error = r;
		log_err("server %lld cannot be linked: %s", (long long)one->sid,
		        strerror(-r));
	}
}

/* A worker whose queue has no room for the news of so many remotes gets a larger one. If
 * there is no memory, the old one is kept: its bounds cut the link of a worker that does
 * not read, which mends itself. */
static void
fit_queues(struct connmgr *s)
{
	unsigned remotes = s->election->remote_count;

	for (unsigned i = 0; i < BOARD_WORKERS_MAX && remotes > s->queue_remotes; i++) {
		struct board_queue *q = board_queue_new(remotes, PLACES_MAX);

		if (!q) {
			s->members_error = -ENOMEM;
			return;
		}
		board_queue_move(s->workers[i].queue, q);
		board_queue_free(s->workers[i].queue);
		s->workers[i].queue = q;
	}
	if (remotes > s->queue_remotes)
		s->queue_remotes = remotes;
}

int
connmgr_link_file(struct connmgr *s)
{
	static char text[QCONFIG_TEXT_MAX];

	if (conf_qconfig(s->conf, text, sizeof(text), &scratch) == 0)
		return -E2BIG;
	want_all(s, clock_ms());
	fit_queues(s);
	return s->members_error;
}

void
connmgr_link_members(struct connmgr *s, uint64_t now_ms, const struct board_item *item)
{
	struct board_event linked = {.type = BOARD_EV_LINKED};
	struct msg m;
	enum msg_result r = msg_decode(item->data, item->len, &m);
	const struct msg_text *texts[TEXTS] = {
	    &m.u.members.current, &m.u.members.last_seen, &m.u.members.links};

	assert(r == MSG_OK);
	for (unsigned i = 0; i < TEXTS; i++)
		if (texts[i]->len > 0 && parse(texts[i]))
			keep_all(s);
	/* first of all: there is room for the links of one message, not of two */
	election_drop(s->election);
	learner_drop(s->learner, now_ms);
	s->members_error = 0;
	for (unsigned i = 0; i < TEXTS; i++)
		if (texts[i]->len > 0 && parse(texts[i]))
			want_all(s, now_ms);
	fit_queues(s);
	s->members_told = true;
	connmgr_push(s, &linked); /* behind what the workers are told of links */
}
