/* A bench for the cores of the elector: one node of an ensemble 1 … n, functions that
 * feed it events, functions that find its actions. For test_elect*.c only. */
#ifndef TESTS_UNIT_TEST_ELECT_LAB_H
#define TESTS_UNIT_TEST_ELECT_LAB_H

#include "tests/zookeeper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define L NOTIF_LOOKING
#define F NOTIF_FOLLOWING
#define D NOTIF_LEADING
#define O NOTIF_OBSERVING

struct lab {
	struct elect_options options;
	struct elect *e;
	struct attach *a; /* instead of `e` */
	uint64_t now_ms;
	uint64_t words; /* the count of the last serial */
	struct elect_actions out;
};

static struct qconfig lab_config;

static inline void
lab_servers(struct qconfig *c, int64_t first, int64_t last)
{
	memset(c, 0, sizeof(*c));
	for (int64_t i = first; i <= last; i++)
		c->servers[c->server_count++] = (struct qconfig_server){.sid = i};
}

/* Options for node `sid` among `n`; then lab_start, or first change the options. */
static inline void
lab_prepare(struct lab *lab, int64_t sid, unsigned n, bool ours)
{
	memset(lab, 0, sizeof(*lab));
	if (ours)
		elect_options_ours(&lab->options);
	else
		elect_options_zookeeper(&lab->options);
	lab_servers(&lab_config, 1, (int64_t)n);
	lab->options.sid = sid;
	lab->options.config = &lab_config;
	lab->options.synced = true;
	lab->now_ms = 1000;
}

static inline void
lab_start(struct lab *lab)
{
	assert_int_equal(elect_new(&lab->e, &lab->options), 0);
}

static inline void
lab_end(struct lab *lab)
{
	elect_free(lab->e);
	attach_free(lab->a);
}

static inline uint64_t
lab_due_ms(const struct lab *lab)
{
	return lab->a ? attach_due_ms(lab->a) : elect_due_ms(lab->e);
}

static inline void
lab_give(struct lab *lab, struct elect_event ev)
{
	ev.now_ms = lab->now_ms;
	if (lab->a)
		attach_step(lab->a, &ev, &lab->out);
	else
		elect_step(lab->e, &ev, &lab->out);
}

static inline void
lab_type(struct lab *lab, enum elect_event_type type)
{
	lab_give(lab, (struct elect_event){.type = type});
}

static inline struct msg_serial
lab_serial(uint64_t count)
{
	return (struct msg_serial){.generation = 1, .count = count};
}

/* A new look of ours with the claim (zxid, epoch). */
static inline void
lab_look(struct lab *lab, int64_t zxid, int64_t epoch)
{
	lab_give(lab, (struct elect_event){.type = ELECT_EV_LOOK,
	                                   .look = {.serial = lab_serial(++lab->words),
	                                            .zxid = zxid,
	                                            .epoch = epoch}});
}

static inline void
lab_look_again(struct lab *lab, int64_t zxid, int64_t epoch)
{
	lab->words--;
	lab_look(lab, zxid, epoch);
}

static inline void
lab_look_without(struct lab *lab, int64_t leader)
{
	lab_give(lab, (struct elect_event){.type = ELECT_EV_LOOK,
	                                   .look = {.serial = lab_serial(++lab->words),
	                                            .gave_up = true,
	                                            .leader = leader}});
}

static inline void
lab_role(struct lab *lab, int32_t state, int64_t leader, int64_t round, int64_t epoch)
{
	lab_give(lab, (struct elect_event){.type = ELECT_EV_ROLE,
	                                   .serial = lab_serial(++lab->words),
	                                   .vote = {.leader = leader,
	                                            .round = round,
	                                            .epoch = epoch,
	                                            .state = state}});
}

static inline void
lab_recv(struct lab *lab, int64_t from, int32_t state, int64_t leader, int64_t zxid,
         int64_t round, int64_t epoch)
{
	lab_give(lab, (struct elect_event){.type = ELECT_EV_NOTIF,
	                                   .sid = from,
	                                   .notif.vote = {.state = state,
	                                                  .leader = leader,
	                                                  .zxid = zxid,
	                                                  .round = round,
	                                                  .epoch = epoch,
	                                                  .version = 1}});
}

static inline void
lab_link(struct lab *lab, int64_t sid, bool up, bool was_up, bool refused)
{
	lab_give(lab, (struct elect_event){.type = ELECT_EV_LINK,
	                                   .sid = sid,
	                                   .link = up ? MSG_LINK_UP : MSG_LINK_DOWN,
	                                   .reason = refused ? MSG_REASON_REFUSED
	                                                     : MSG_REASON_NONE,
	                                   .was_up = was_up});
}

/* To the deadline, if it is within `ms`; false: it is not, and time went on by `ms`. */
static inline bool
lab_wait(struct lab *lab, uint64_t ms)
{
	uint64_t due_ms = lab_due_ms(lab);

	if (due_ms > lab->now_ms + ms) {
		lab->now_ms += ms;
		lab->out.count = 0;
		return false;
	}
	lab->now_ms = due_ms;
	lab_type(lab, ELECT_EV_DUE);
	return true;
}

static inline unsigned
lab_count(const struct lab *lab, enum elect_action_type type)
{
	unsigned count = 0;

	for (unsigned i = 0; i < lab->out.count; i++)
		count += lab->out.list[i].type == type;
	return count;
}

/* The first of a type; fails where there is none. */
static inline const struct elect_action *
lab_first(const struct lab *lab, enum elect_action_type type)
{
	for (unsigned i = 0; i < lab->out.count; i++) {
		if (lab->out.list[i].type == type)
			return &lab->out.list[i];
	}
	fail_msg("no action of type %d", (int)type);
	return NULL;
}

static inline unsigned
lab_dropped(const struct lab *lab, enum elect_reason reason)
{
	unsigned count = 0;

	for (unsigned i = 0; i < lab->out.count; i++)
		count += lab->out.list[i].type == ELECT_ACT_DROP &&
		         lab->out.list[i].reason == reason;
	return count;
}

/* Nothing but drops. */
static inline bool
lab_quiet(const struct lab *lab)
{
	return lab_count(lab, ELECT_ACT_DROP) == lab->out.count;
}

static inline struct elect_view
lab_view(const struct lab *lab)
{
	struct elect_view v;

	if (lab->a)
		attach_get_view(lab->a, &v);
	else
		elect_get_view(lab->e, &v);
	return v;
}

static inline void
lab_is_vote(const struct elect_action *a, int32_t state, int64_t leader, int64_t round)
{
	assert_int_equal(a->vote.state, state);
	assert_int_equal(a->vote.leader, leader);
	assert_int_equal(a->vote.round, round);
}

#endif
