/* order.jsonl, vote_equal.jsonl, quorum_*.jsonl, tracker.jsonl against wire/vote and
 * wire/quorum. */
#include "tests/vectors/elector_read.h"
#include "tests/vectors/vectors.h"
#include "wire/quorum.h"
#include "wire/vote.h"

#include <inttypes.h>
#include <string.h>

static bool
read_triple(const json_t *list, struct vote *out)
{
	int64_t n[3];
	unsigned count;

	if (!elector_read_i64s(list, n, 3, &count) || count != 3)
		return false;
	*out = (struct vote){.leader = n[0], .zxid = n[1], .epoch = n[2]};
	return true;
}

/* A verifier that knows nothing but this weight: what the row says of its configuration.
 */
static void
make_verifier(struct quorum *q, bool hierarchical, int64_t sid, const int64_t *weight)
{
	*q = (struct quorum){.hierarchical = hierarchical};
	if (weight) {
		q->member_count = 1;
		q->members[0] =
		    (struct quorum_member){.sid = sid, .weight = *weight, .group = -1};
	}
}

bool
vector_order(const json_t *row, char *why, size_t cap)
{
	const json_t *better = json_object_get(row, "better");
	const json_t *weight_item = json_object_get(row, "weight");
	struct quorum q;
	struct vote a, b;
	int64_t weight = 0;
	bool known, got;

	if (!read_triple(json_object_get(row, "new"), &a) ||
	    !read_triple(json_object_get(row, "cur"), &b) ||
	    (!json_is_null(weight_item) && !elector_read_i64(weight_item, &weight)))
		return elector_say(why, cap, "row not understood");
	make_verifier(&q, json_is_true(json_object_get(row, "hier")), a.leader,
	              json_is_null(weight_item) ? NULL : &weight);
	known = quorum_weight(&q, a.leader, &weight);
	if (!json_is_boolean(better))
		return !known || elector_say(why, cap, "a weight where Java has none");
	if (!known)
		return elector_say(why, cap, "no weight");
	got = vote_beats(weight, &a, &b);
	return got == (bool)json_is_true(better) ||
	       elector_say(why, cap, "better: expected %d, got %d", json_is_true(better),
	                   got);
}

bool
vector_vote_equal(const json_t *row, char *why, size_t cap)
{
	bool want = json_is_true(json_object_get(row, "equal"));
	struct vote a, b;

	if (!elector_read_vote(json_object_get(row, "a"), &a) ||
	    !elector_read_vote(json_object_get(row, "b"), &b))
		return elector_say(why, cap, "row not understood");
	return (vote_equal(&a, &b) == want && vote_equal(&b, &a) == want) ||
	       elector_say(why, cap, "equal: expected %d, got %d, reversed %d", want,
	                   vote_equal(&a, &b), vote_equal(&b, &a));
}

static bool
compile_lines(const json_t *lines, struct quorum *out)
{
	size_t at;
	static struct qconfig config;
	static char text[QCONFIG_TEXT_MAX];
	size_t len = 0;
	const json_t *line;

	json_array_foreach (lines, at, line) {
		const char *s = json_string_value(line);

		if (!s || len + strlen(s) + 2 > sizeof(text))
			return false;
		memcpy(text + len, s, strlen(s));
		len += strlen(s);
		text[len++] = '\n';
	}
	text[len] = '\0';
	return elector_read_text_config(text, &config) && quorum_init(out, &config) == 0;
}

static bool
check_weights(const struct quorum *q, json_t *weights, char *why, size_t cap)
{
	const char *key;
	json_t *item;

	json_object_foreach (weights, key, item) {
		int64_t sid, want, got;
		bool known;

		if (!elector_read_number(key, &sid))
			return elector_say(why, cap, "row not understood");
		known = quorum_weight(q, sid, &got);
		if (json_is_null(item)
		        ? known
		        : !known || !elector_read_i64(item, &want) || want != got)
			return elector_say(
			    why, cap, "weight of %s: expected %s, got %" PRId64, key,
			    json_is_null(item) ? "none" : json_string_value(item),
			    known ? got : INT64_MIN);
	}
	return true;
}

static bool
check_case(const struct quorum *q, const json_t *one, char *why, size_t cap)
{
	int64_t set[256], voters[256];
	unsigned count;
	bool raw, acked;
	bool want_raw = json_is_true(json_object_get(one, "raw"));
	bool want_acked = json_is_true(json_object_get(one, "acked"));

	if (!elector_read_i64s(json_object_get(one, "set"), set, 256, &count))
		return elector_say(why, cap, "row not understood");
	raw = quorum_contains(q, set, count);
	acked = quorum_contains(q, voters, quorum_filter(q, set, count, voters));
	return (raw == want_raw && acked == want_acked) ||
	       elector_say(why, cap,
	                   "a set of %u: expected raw %d, acked %d, got raw %d, acked %d",
	                   count, want_raw, want_acked, raw, acked);
}

static bool
check_quorums(const json_t *row, bool hierarchical, char *why, size_t cap)
{
	size_t at;
	static struct quorum q;
	int64_t voters[QUORUM_VOTERS_MAX];
	unsigned count;
	const json_t *one;

	if (!compile_lines(json_object_get(row, "config"), &q) ||
	    q.hierarchical != hierarchical)
		return elector_say(why, cap, "configuration refused");
	if (!elector_read_i64s(json_object_get(row, "voters"), voters, QUORUM_VOTERS_MAX,
	                       &count))
		return elector_say(why, cap, "row not understood");
	if (count != q.voter_count || quorum_filter(&q, voters, count, voters) != count)
		return elector_say(why, cap, "voters: expected %u, got %u others", count,
		                   q.voter_count);
	if (!check_weights(&q, json_object_get(row, "weights"), why, cap))
		return false;
	json_array_foreach (json_object_get(row, "cases"), at, one) {
		if (!check_case(&q, one, why, cap))
			return false;
	}
	return true;
}

bool
vector_quorum_maj(const json_t *row, char *why, size_t cap)
{
	return check_quorums(row, false, why, cap);
}

bool
vector_quorum_hier(const json_t *row, char *why, size_t cap)
{
	return check_quorums(row, true, why, cap);
}

static bool
compile_pair(const json_t *row, struct quorum_pair *out)
{
	static struct qconfig config;
	const char *last = json_string_value(json_object_get(row, "last_seen"));

	out->has_last_seen = last != NULL;
	if (last && (!elector_read_text_config(last, &config) ||
	             quorum_init(&out->last_seen, &config) != 0))
		return false;
	return elector_read_text_config(json_string_value(json_object_get(row, "config")),
	                                &config) &&
	       quorum_init(&out->current, &config) == 0;
}

static bool
read_votes(json_t *votes, struct vote_map *out)
{
	const char *key;
	json_t *item;

	out->count = 0;
	json_object_foreach (votes, key, item) {
		struct vote v;
		int64_t sid;

		if (!elector_read_number(key, &sid) || !elector_read_vote(item, &v) ||
		    !vote_map_put(out, sid, &v))
			return false;
	}
	return true;
}

static bool
contains(const int64_t *list, unsigned count, int64_t sid)
{
	for (unsigned i = 0; i < count; i++) {
		if (list[i] == sid)
			return true;
	}
	return false;
}

/* One list for each verifier that takes part, each a set. */
static bool
check_acks(const struct quorum_pair *p, const json_t *want, const int64_t *acks,
           unsigned count)
{
	const struct quorum *verifiers[2] = {&p->current, &p->last_seen};
	unsigned taking_part = quorum_pair_joint(p) ? 2 : 1;

	if (json_array_size(want) != taking_part)
		return false;
	for (unsigned i = 0; i < taking_part; i++) {
		int64_t got[VOTE_MAP_MAX], list[VOTE_MAP_MAX];
		unsigned got_count = quorum_filter(verifiers[i], acks, count, got);
		unsigned list_count;

		if (!elector_read_i64s(json_array_get(want, i), list, VOTE_MAP_MAX,
		                       &list_count) ||
		    list_count != got_count)
			return false;
		for (unsigned j = 0; j < list_count; j++) {
			if (!contains(got, got_count, list[j]))
				return false;
		}
	}
	return true;
}

bool
vector_tracker(const json_t *row, char *why, size_t cap)
{
	static struct quorum_pair pair;
	static struct vote_map votes;
	int64_t me, clock, leader, round, acks[VOTE_MAP_MAX];
	struct vote v;
	unsigned count;
	bool quorums, leader_ok;
	bool want_quorums = json_is_true(json_object_get(row, "quorums"));
	bool want_leader = json_is_true(json_object_get(row, "leader_ok"));

	if (!compile_pair(row, &pair) ||
	    !read_votes(json_object_get(row, "votes"), &votes) ||
	    !elector_read_vote(json_object_get(row, "vote"), &v) ||
	    !elector_read_member(row, "myid", &me) ||
	    !elector_read_member(row, "clock", &clock) ||
	    !elector_read_member(row, "leader", &leader) ||
	    !elector_read_member(row, "round", &round))
		return elector_say(why, cap, "row not understood");
	count = vote_map_acks(&votes, &v, acks);
	if (!check_acks(&pair, json_object_get(row, "acks"), acks, count))
		return elector_say(why, cap, "acks: expected others than the %u got",
		                   count);
	quorums = quorum_pair_agree(&pair, acks, count);
	leader_ok = vote_map_confirms(&votes, leader, round, me, clock);
	return (quorums == want_quorums && leader_ok == want_leader) ||
	       elector_say(why, cap,
	                   "expected quorums %d, leader_ok %d, got quorums %d, "
	                   "leader_ok %d",
	                   want_quorums, want_leader, quorums, leader_ok);
}
