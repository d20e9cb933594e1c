/* transcripts.jsonl: whole elections of one node, played to elector/elect with
 * ZooKeeper's options under a virtual clock. data/FORMAT.md, section 8. */
#include "elector/elect_core.h"
#include "tests/vectors/elector_read.h"
#include "tests/vectors/vectors.h"
#include "tests/zookeeper.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FRAME_MAX  600000
#define RESULT_MAX 4096

/* One output of the core, at its time. */
struct result {
	uint64_t at_ms;
	struct elect_action action;
};

struct play {
	struct elect *elect;
	int64_t sid;
	const char *config_text;
	uint64_t now_ms;
	uint64_t words; /* serials given out */
	bool gone;      /* dropped for want of a weight: Java's loop ends here */
	struct elect_view before; /* this step */
	unsigned count;
	struct result results[RESULT_MAX];
	char *why;
	size_t cap;
};

static bool
collect(struct play *p, const struct elect_actions *todo)
{
	for (unsigned i = 0; i < todo->count; i++) {
		const struct elect_action *a = &todo->list[i];

		if (a->type == ELECT_ACT_DROP && a->reason == ELECT_REASON_WEIGHT)
			p->gone = true;
		if (a->type == ELECT_ACT_DROP || a->type == ELECT_ACT_STATE)
			continue;
		if (p->count == RESULT_MAX)
			return elector_say(p->why, p->cap, "too many outputs");
		p->results[p->count++] =
		    (struct result){.at_ms = p->now_ms, .action = *a};
	}
	return true;
}

static bool
give(struct play *p, struct elect_event *ev)
{
	static struct elect_actions todo;

	ev->now_ms = p->now_ms;
	elect_step(p->elect, ev, &todo);
	return collect(p, &todo);
}

static bool
play_wait(struct play *p, const json_t *ms)
{
	uint64_t end = p->now_ms + (uint64_t)json_number_value(ms);

	while (elect_due_ms(p->elect) <= end) {
		p->now_ms = elect_due_ms(p->elect);
		if (!give(p, &(struct elect_event){.type = ELECT_EV_DUE}))
			return false;
		if (elect_due_ms(p->elect) == p->now_ms)
			return elector_say(p->why, p->cap, "due stands still");
	}
	p->now_ms = end;
	return true;
}

static bool
play_recv(struct play *p, const json_t *ev)
{
	static unsigned char frame[FRAME_MAX];
	struct elect_event notif = {.type = ELECT_EV_NOTIF};
	const char *hex = json_string_value(json_object_get(ev, "hex"));
	bool readable = !json_is_null(json_object_get(ev, "n"));
	long len;

	if (!hex || !elector_read_member(ev, "recv", &notif.sid))
		return elector_say(p->why, p->cap, "event not understood");
	len = elector_read_hex(hex, frame, sizeof(frame));
	if (len < 0)
		return elector_say(p->why, p->cap, "the frame is not understood");
	if ((notif_decode(frame, (size_t)len, &notif.notif) == NOTIF_OK) != readable)
		return elector_say(p->why, p->cap, "the frame decodes otherwise");
	return readable ? give(p, &notif) : true;
}

static bool
play_look(struct play *p, int64_t zxid, int64_t epoch)
{
	struct elect_event look = {
	    .type = ELECT_EV_LOOK,
	    .look = {.serial = {1, ++p->words}, .zxid = zxid, .epoch = epoch}};

	return give(p, &look);
}

static bool
play_relook(struct play *p, const json_t *pair)
{
	int64_t n[2];
	unsigned count;

	if (!elector_read_i64s(pair, n, 2, &count) || count != 2)
		return elector_say(p->why, p->cap, "event not understood");
	return play_look(p, n[0], n[1]);
}

static bool
play_established(struct play *p, const json_t *epoch)
{
	struct elect_event role = {.type = ELECT_EV_ROLE,
	                           .serial = {.generation = 1, .count = ++p->words}};
	struct elect_view view;

	elect_get_view(p->elect, &view);
	role.vote = view.current;
	role.vote.state = view.state;
	if (!elector_read_i64(epoch, &role.vote.epoch))
		return elector_say(p->why, p->cap, "event not understood");
	return give(p, &role);
}

static bool
play_event(struct play *p, const json_t *node, json_t *ev)
{
	void *member = json_object_iter(ev);
	const char *key = json_object_iter_key(member);
	const json_t *first = json_object_iter_value(member);
	int64_t zxid, epoch;

	if (strcmp(key, "recv") == 0)
		return play_recv(p, ev);
	if (strcmp(key, "wait") == 0)
		return play_wait(p, first);
	if (strcmp(key, "relook") == 0)
		return play_relook(p, first);
	if (strcmp(key, "established") == 0)
		return play_established(p, first);
	if (strcmp(key, "delivered") == 0)
		return give(p, &(struct elect_event){.type = ELECT_EV_DELIVERED,
		                                     .delivered = json_is_true(first)});
	if (strcmp(key, "start") == 0 && elector_read_member(node, "zxid", &zxid) &&
	    elector_read_member(node, "epoch", &epoch))
		return play_look(p, zxid, epoch);
	return elector_say(p->why, p->cap, "event not understood");
}

/* [state, leader, zxid, round, epoch] */
static bool
same_claim(const json_t *list, const struct vote *v)
{
	int64_t leader, zxid, round, epoch;
	int32_t state;

	return json_array_size(list) == 5 &&
	       elector_read_state(json_array_get(list, 0), &state) &&
	       elector_read_i64(json_array_get(list, 1), &leader) &&
	       elector_read_i64(json_array_get(list, 2), &zxid) &&
	       elector_read_i64(json_array_get(list, 3), &round) &&
	       elector_read_i64(json_array_get(list, 4), &epoch) && state == v->state &&
	       leader == v->leader && zxid == v->zxid && round == v->round &&
	       epoch == v->epoch;
}

static bool
same_destinations(const struct play *p, const json_t *out, const struct elect_action *a)
{
	int64_t to[ELECT_VOTERS_MAX], want[ELECT_VOTERS_MAX];
	unsigned count = 0, want_count;
	const struct elect_voter *voters = p->elect->voters;
	bool self = false;

	for (unsigned i = 0; a->type == ELECT_ACT_BROADCAST && i < p->elect->voter_count;
	     i++) {
		if (voters[i].sid == p->sid)
			self = true;
		else
			to[count++] = voters[i].sid;
	}
	if (a->type == ELECT_ACT_SEND && a->sid == p->sid)
		self = true;
	else if (a->type == ELECT_ACT_SEND)
		to[count++] = a->sid;
	return elector_read_i64s(json_object_get(out, "to"), want, ELECT_VOTERS_MAX,
	                         &want_count) &&
	       want_count == count && memcmp(to, want, count * sizeof(*to)) == 0 &&
	       self == (bool)json_is_true(json_object_get(out, "self"));
}

static bool
same_bytes(const struct play *p, const json_t *out, const struct vote *v)
{
	static unsigned char frame[FRAME_MAX];
	struct notif n = {.vote = *v,
	                  .has_config = true,
	                  .config = p->config_text,
	                  .config_len = strlen(p->config_text)};
	const char *hex = json_string_value(json_object_get(out, "hex"));
	unsigned char want[NOTIF_HEAD];

	return hex && elector_read_hex(hex, want, sizeof(want)) == NOTIF_HEAD &&
	       notif_encode(&n, frame, sizeof(frame)) == NOTIF_HEAD + n.config_len &&
	       memcmp(frame, want, NOTIF_HEAD) == 0;
}

static bool
same_output(const struct play *p, const json_t *out, const struct result *got)
{
	const struct elect_action *a = &got->action;
	const json_t *send = json_object_get(out, "send");
	const json_t *decided = json_object_get(out, "decide");

	if ((double)got->at_ms != json_number_value(json_object_get(out, "t")))
		return false;
	if (send)
		return (a->type == ELECT_ACT_SEND || a->type == ELECT_ACT_BROADCAST) &&
		       same_claim(send, &a->vote) && same_destinations(p, out, a) &&
		       same_bytes(p, out, &a->vote);
	if (decided)
		return a->type == ELECT_ACT_DECIDED && same_claim(decided, &a->vote);
	if (json_object_get(out, "connect_all"))
		return a->type == ELECT_ACT_CONNECT_ALL;
	return json_object_get(out, "config_restart") &&
	       a->type == ELECT_ACT_NEWER_CONFIG;
}

/* Says what was expected too. */
static bool
differs(struct play *p, const json_t *want, const char *got)
{
	char *text = json_dumps(want, JSON_COMPACT);

	elector_say(p->why, p->cap, "expected %.800s, got %s", text ? text : "?", got);
	free(text);
	return false;
}

static bool
same_view(const struct elect_view *a, const struct elect_view *b)
{
	return a->state == b->state && a->phase == b->phase && a->clock == b->clock &&
	       memcmp(&a->proposal, &b->proposal, sizeof(a->proposal)) == 0 &&
	       memcmp(&a->current, &b->current, sizeof(a->current)) == 0;
}

/* A throw is the row's last word: ours drops the notification instead, and nothing of our
 * state has changed. */
static bool
check_throw(struct play *p)
{
	struct elect_view now;

	elect_get_view(p->elect, &now);
	return (p->gone && same_view(&now, &p->before)) ||
	       elector_say(p->why, p->cap,
	                   p->gone ? "changed its state where Java throws"
	                           : "not dropped where Java throws");
}

static bool
check_outputs(struct play *p, const json_t *outs)
{
	size_t at;
	char text[256];
	unsigned count = 0;
	const json_t *out;

	json_array_foreach (outs, at, out) {
		if (json_object_get(out, "throw")) {
			if (!check_throw(p))
				return false;
			continue;
		}
		if (count == p->count)
			return differs(p, out, "nothing");
		if (!same_output(p, out, &p->results[count])) {
			const struct result *r = &p->results[count];

			snprintf(text, sizeof(text),
			         "action %d at %" PRIu64 " to %" PRId64 " %s %" PRId64
			         " %" PRId64 " %" PRId64 " %" PRId64,
			         (int)r->action.type, r->at_ms, r->action.sid,
			         notif_state_name(r->action.vote.state),
			         r->action.vote.leader, r->action.vote.zxid,
			         r->action.vote.round, r->action.vote.epoch);
			return differs(p, out, text);
		}
		count++;
	}
	return count == p->count ||
	       elector_say(p->why, p->cap, "%u outputs too many", p->count - count);
}

static bool
check_status(struct play *p, const json_t *st)
{
	static const char *const phases[] = {"idle", "wait", "finalize"};
	struct elect_view view;
	char text[256];
	const json_t *due = json_array_get(st, 5);
	const char *phase = json_string_value(json_array_get(st, 6));
	int64_t n[4];
	int32_t state;

	elect_get_view(p->elect, &view);
	if (!elector_read_state(json_array_get(st, 0), &state) || !phase)
		return elector_say(p->why, p->cap, "status not understood");
	for (unsigned i = 0; i < 4; i++) {
		if (!elector_read_i64(json_array_get(st, i + 1), &n[i]))
			return elector_say(p->why, p->cap, "status not understood");
	}
	if (state != view.state || strcmp(phase, phases[view.phase]) != 0 ||
	    n[0] != view.clock || n[1] != view.proposal.leader ||
	    n[2] != view.proposal.zxid || n[3] != view.proposal.epoch ||
	    (json_is_null(due)
	         ? elect_due_ms(p->elect) != UINT64_MAX
	         : (double)elect_due_ms(p->elect) != json_number_value(due))) {
		snprintf(text, sizeof(text),
		         "%s %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRIu64
		         " %s",
		         notif_state_name(view.state), view.clock, view.proposal.leader,
		         view.proposal.zxid, view.proposal.epoch, elect_due_ms(p->elect),
		         phases[view.phase]);
		return differs(p, st, text);
	}
	return true;
}

static bool
open_play(struct play *p, const json_t *node)
{
	static struct qconfig config, last_seen;
	struct elect_options options;
	const char *last = json_string_value(json_object_get(node, "last_seen"));
	const char *role = json_string_value(json_object_get(node, "role"));
	const json_t *min_ms = json_object_get(node, "min_ms");
	const json_t *max_ms = json_object_get(node, "max_ms");

	elect_options_zookeeper(&options);
	p->config_text = json_string_value(json_object_get(node, "config"));
	if (!role || !min_ms || !max_ms ||
	    !elector_read_text_config(p->config_text, &config) ||
	    (last && !elector_read_text_config(last, &last_seen)) ||
	    !elector_read_member(node, "myid", &p->sid) ||
	    !elector_read_member(node, "clock", &options.clock))
		return elector_say(p->why, p->cap, "node not understood");
	options.sid = p->sid;
	options.observer = strcmp(role, "observer") == 0;
	options.config = &config;
	options.last_seen = last ? &last_seen : NULL;
	options.notify_min_ms = (uint64_t)json_number_value(min_ms);
	options.notify_max_ms = (uint64_t)json_number_value(max_ms);
	options.synced = true;
	options.stop_at_newer_config = true;
	return elect_new(&p->elect, &options) == 0 ||
	       elector_say(p->why, p->cap, "elect_new");
}

static bool
play_steps(struct play *p, const json_t *row)
{
	size_t at;
	const json_t *node = json_object_get(row, "node");
	const json_t *step;
	char said[400];

	json_array_foreach (json_object_get(row, "steps"), at, step) {
		const json_t *st = json_object_get(step, "st");

		p->count = 0;
		p->gone = false;
		elect_get_view(p->elect, &p->before);
		if (!play_event(p, node, json_object_get(step, "ev")) ||
		    !check_outputs(p, json_object_get(step, "out")) ||
		    (st && !check_status(p, st))) {
			snprintf(said, sizeof(said), "%s", p->why);
			return elector_say(p->why, p->cap, "step %zu: %s", at, said);
		}
	}
	return true;
}

bool
vector_transcript(const json_t *row, char *why, size_t cap)
{
	static struct play p;
	bool ok;

	p = (struct play){.why = why, .cap = cap};
	if (!open_play(&p, json_object_get(row, "node")))
		return false;
	ok = play_steps(&p, row);
	elect_free(p.elect);
	return ok;
}
