/* notification.jsonl: the frames of the election, both ways. data/FORMAT.md, section 7.
 * What becomes of one that decodes, the elector's core says. */
#include "tests/vectors/vectors.h"

#include "tests/zookeeper.h"
#include "wire/notif.h"
#include "wire/qconfig.h"

#include <inttypes.h>
#include <string.h>

#define FRAME_MAX (1 << 20)

static const char own_text[] = "server.1=127.0.0.1:2881:3881:participant\n"
			       "server.2=127.0.0.1:2882:3882:participant\n"
			       "server.3=127.0.0.1:2883:3883:participant\n"
			       "version=5";

/* The five claims of a notification, as the row has them. */
static bool
get_claims(const json_t *row, struct notif *out)
{
	const char *state = vector_text(row, "state");

	for (out->vote.state = NOTIF_LOOKING; out->vote.state <= NOTIF_OBSERVING;
	     out->vote.state++)
		if (state && strcmp(state, notif_state_name(out->vote.state)) == 0)
			break;
	return out->vote.state <= NOTIF_OBSERVING &&
	       vector_i64(row, "leader", &out->vote.leader) &&
	       vector_i64(row, "zxid", &out->vote.zxid) &&
	       vector_i64(row, "round", &out->vote.round) &&
	       vector_i64(row, "epoch", &out->vote.epoch);
}

static bool
same_claims(const struct notif *a, const struct notif *b, char *why, size_t cap)
{
	return (a->vote.state == b->vote.state && a->vote.leader == b->vote.leader &&
	        a->vote.zxid == b->vote.zxid && a->vote.round == b->vote.round &&
	        a->vote.epoch == b->vote.epoch) ||
	       vector_say(why, cap, "got %s %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64,
	                  notif_state_name(b->vote.state), b->vote.leader, b->vote.zxid,
	                  b->vote.round, b->vote.epoch);
}

static bool
check_encode(const json_t *row, const unsigned char *want, size_t want_len, char *why,
             size_t cap)
{
	static unsigned char got[FRAME_MAX];
	const char *form = vector_text(row, "form");
	const char *config = vector_text(row, "config");
	struct notif n = {.vote = {.version = 2}, .has_config = true}, back;
	size_t got_len;

	if (!form || !get_claims(row, &n))
		return vector_say(why, cap, "row not understood");
	if (notif_decode(want, want_len, &back) != NOTIF_OK)
		return vector_say(why, cap, "its bytes do not decode");
	if (!same_claims(&n, &back, why, cap))
		return false;
	if (strcmp(form, "v1") == 0) /* ours never send it: reading is all there is */
		return back.vote.version == 0 ||
		       vector_say(why, cap, "got another version");
	if (!config)
		return vector_say(why, cap, "row not understood");
	n.config = config;
	n.config_len = strlen(config);
	got_len = notif_encode(&n, got, sizeof(got));
	if (n.config_len == 0) /* never sent: it reads as no servers at all */
		return got_len == 0 || vector_say(why, cap, "sent without configuration");
	return (got_len == want_len && memcmp(got, want, got_len) == 0) ||
	       vector_say(why, cap, "expected %zu bytes, got %zu others", want_len,
	                  got_len);
}

/* What server 1, looking, makes of the frame from server 2. A configuration that is
 * refused, or a rule of the election, is no reason to call the frame dropped. */
static const char *
hear(const struct notif *n)
{
	static struct elect_actions todo;
	static struct qconfig own;
	struct elect_options options;
	struct elect *e;
	const char *said = "accept";

	elect_options_zookeeper(&options);
	options.sid = 1;
	options.config = &own;
	options.synced = true;
	options.stop_at_newer_config = true;
	if (qconfig_parse(own_text, strlen(own_text), false, &own) != QCONFIG_OK ||
	    elect_new(&e, &options) != 0)
		return "no elector";
	elect_step(
	    e, &(struct elect_event){.type = ELECT_EV_LOOK, .look = {.serial = {1, 1}}},
	    &todo);
	elect_step(e,
	           &(struct elect_event){.type = ELECT_EV_NOTIF, .sid = 2, .notif = *n},
	           &todo);
	for (unsigned i = 0; i < todo.count; i++) {
		const struct elect_action *a = &todo.list[i];

		if (a->type == ELECT_ACT_NEWER_CONFIG)
			said = "config_restart";
		if (a->type == ELECT_ACT_DROP && a->reason == ELECT_REASON_STATE)
			said = "drop";
	}
	elect_free(e);
	return said;
}

/* What becomes of the frame; in `carried` the configuration that it carries, if it is
 * accepted. */
static const char *
judge(enum notif_result r, const struct notif *n, const struct qconfig **carried)
{
	static struct qconfig theirs;

	*carried = NULL;
	if (r != NOTIF_OK)
		return "drop";
	if (n->has_config &&
	    qconfig_parse(n->config, n->config_len, false, &theirs) == QCONFIG_OK)
		*carried = &theirs;
	return hear(n);
}

/* The version of the carried configuration, or null. */
static bool
same_config(const json_t *row, const struct qconfig *carried, char *why, size_t cap)
{
	int64_t version;

	if (json_is_null(json_object_get(row, "config_version")))
		return !carried ||
		       vector_say(why, cap, "got a configuration, version %" PRId64,
		                  carried->version);
	if (!vector_i64(row, "config_version", &version))
		return vector_say(why, cap, "row not understood");
	return (carried && carried->version == version) ||
	       vector_say(why, cap, "expected a configuration of version %" PRId64,
	                  version);
}

static bool
check_decode(const json_t *row, const unsigned char *frame, size_t len, char *why,
             size_t cap)
{
	const char *want = vector_text(row, "result"), *got;
	const json_t *version = json_object_get(row, "ver");
	const struct qconfig *carried;
	struct notif n = {0}, claims = {0};

	if (!want)
		return vector_say(why, cap, "row not understood");
	got = judge(notif_decode(frame, len, &n), &n, &carried);
	if (strcmp(want, "receiver_dies") == 0)
		return strcmp(got, "drop") == 0 ||
		       (strcmp(got, "accept") == 0 && !carried) ||
		       vector_say(why, cap, "expected no configuration, got %s", got);
	if (strcmp(want, got) != 0)
		return vector_say(why, cap, "expected %s, got %s", want, got);
	if (strcmp(want, "accept") != 0)
		return true;
	if (!get_claims(row, &claims) || !json_is_number(version))
		return vector_say(why, cap, "row not understood");
	if (n.vote.version != json_integer_value(version))
		return vector_say(why, cap, "expected version %lld, got %d",
		                  json_integer_value(version), n.vote.version);
	return same_claims(&claims, &n, why, cap) && same_config(row, carried, why, cap);
}

bool
vector_notification(const json_t *row, char *why, size_t cap)
{
	static unsigned char frame[FRAME_MAX];
	const char *kind = vector_text(row, "kind");
	size_t len;

	if (!kind || !vector_bytes(vector_text(row, "hex"), frame, sizeof(frame), &len))
		return vector_say(why, cap, "row not understood");
	if (strcmp(kind, "encode") == 0)
		return check_encode(row, frame, len, why, cap);
	if (strcmp(kind, "decode") == 0)
		return check_decode(row, frame, len, why, cap);
	return vector_say(why, cap, "kind %s not understood", kind);
}
