/* The answers of the peer, as JSON and as text. */
#include "base/clock.h"
#include "base/json.h"
#include "peer/looking.h"
#include "peer/shell.h"
#include "proc/self.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A record that is read longer than that is a reason. */
#define SLOW_MS 1000

const char *
peer_reason(const struct peer *p, char *out, size_t cap)
{
	switch (p->view.reason) {
	case ROLE_REASON_EPOCHS:
		snprintf(out, cap, "%s", p->why);
		break;
	case ROLE_REASON_WRITE:
		if (p->view.error == 0)
			snprintf(out, cap,
			         "%s is being written since %" PRIu64
			         " ms: the disk hangs",
			         epoch_path(p->epochs), clock_ms() - p->view.since_ms);
		else
			snprintf(out, cap, "%s cannot be written: %s; %s",
			         epoch_path(p->epochs), strerror(-p->view.error),
			         epoch_remedy(p->view.error));
		break;
	case ROLE_REASON_USED_UP:
		snprintf(out, cap, "no epoch is left above %d", ROLE_EPOCH_MAX);
		break;
	case ROLE_REASON_PORT:
		snprintf(out, cap, "its quorum port, %u, cannot be opened",
		         p->conf->self ? p->conf->self->quorum_port : 0);
		break;
	case ROLE_REASON_AHEAD:
		snprintf(out, cap,
		         "%s/" EPOCH_FILE " promises epoch %" PRId64
		         ", and the others are at %" PRId64
		         ": they keep this server out; see conclave-peer(8), AN EPOCH "
		         "THAT IS TOO LARGE",
		         p->folder, p->view.promised, p->view.others);
		break;
	case ROLE_REASON_OLDER:
		snprintf(out, cap,
		         "server %" PRId64 " speaks an older protocol at its quorum "
		         "port: install this version of Conclave there",
		         p->view.older);
		break;
	case ROLE_REASON_NONE:
	default:
		*out = '\0';
		if (p->read_ms > 0 && clock_ms() >= p->read_ms + SLOW_MS)
			snprintf(out, cap,
			         "%s is being read since %" PRIu64 " ms: the disk hangs",
			         epoch_path(p->epochs), clock_ms() - p->read_ms);
		break;
	}
	return out;
}

/* Why no leader is established, in the words of the peer alone; "" where one is. */
static const char *
looking(const struct peer *p, char *out, size_t cap)
{
	if (p->view.has_leader)
		*out = '\0';
	else if (!p->role)
		snprintf(out, cap, "connmgr has not made this peer active");
	else
		looking_text(&p->view, p->conf->id, out, cap);
	return out;
}

void
peer_line(const struct peer *p, char *out, size_t cap)
{
	const struct role_view *v = &p->view;
	char reason[PEER_WHY_MAX];

	if (!*peer_reason(p, reason, sizeof(reason)))
		looking(p, reason, sizeof(reason));
	snprintf(out, cap, "%s, %s, leader %" PRId64 ", epoch %" PRId64 "%s%.100s",
	         notif_state_word(v->state), role_phase_name(v->phase),
	         v->has_leader ? v->leader : -1, v->epoch, *reason ? ": " : "", reason);
	if (!p->role)
		snprintf(out, cap, "shadow");
}

static void
put_view(struct buf_out *out, const struct peer *p)
{
	const struct role_view *v = &p->view;

	json_put_text(out, "state", notif_state_word(v->state));
	json_put_text(out, "phase", role_phase_name(v->phase));
	json_put_key(out, "leader");
	if (v->has_leader)
		buf_put_text(out, "%" PRId64, v->leader);
	else
		buf_put_text(out, "null");
	json_put_i64(out, "epoch", v->epoch);
	json_put_i64(out, "round", v->round);
	json_put_bool(out, "active", v->active);
}

/* What does not keep this server from leading, and is for a person to mend all the same.
 */
static const char *
warning(const struct peer *p, char *out, size_t cap)
{
	int64_t promised = p->role ? role_accepted(p->role) : 0, sid, epoch;

	snprintf(out, cap, "%s", p->anew);
	if (p->role && role_get_kept_out(p->role, clock_ms(), &sid, &epoch))
		snprintf(out, cap,
		         "server %" PRId64 " has promised epoch %" PRId64
		         ", far above %" PRId64
		         ", and is kept out: on that server, see conclave-peer(8), AN "
		         "EPOCH THAT IS TOO LARGE",
		         sid, epoch, p->view.epoch);
	else if (promised > ROLE_EPOCH_MAX / 2)
		snprintf(out, cap,
		         "epoch %" PRId64
		         " of %d: more than half of them are used up; see "
		         "conclave-peer(8), AN EPOCH THAT IS TOO LARGE",
		         promised, ROLE_EPOCH_MAX);
	return out;
}

/* The kind of the reason `why`. Without one of the core there is none, or the record is
 * still being read. */
static const char *
obstacle(enum role_reason reason, const char *why)
{
	switch (reason) {
	case ROLE_REASON_NONE:
		return *why ? "disk" : "";
	case ROLE_REASON_EPOCHS:
		return "record";
	case ROLE_REASON_WRITE:
		return "disk";
	case ROLE_REASON_USED_UP:
		return "epochs_used_up";
	case ROLE_REASON_PORT:
		return "port";
	case ROLE_REASON_AHEAD:
		return "epoch_ahead";
	case ROLE_REASON_OLDER:
		return "older_protocol";
	}
	return "";
}

static void
put_reason(struct buf_out *out, const struct peer *p)
{
	char reason[PEER_WHY_MAX];

	json_put_text(out, "reason", peer_reason(p, reason, sizeof(reason)));
	json_put_text(out, "obstacle", obstacle(p->view.reason, reason));
	json_put_text(out, "warning", warning(p, reason, sizeof(reason)));
}

static void
put_looking(struct buf_out *out, const struct peer *p)
{
	const struct role_view *v = &p->view;
	char text[LOOKING_TEXT_MAX];

	json_put_key(out, "looking");
	if (v->has_leader) {
		buf_put_text(out, "null");
		return;
	}
	buf_put_u8(out, '{');
	json_put_u64(out, "since_ms", (clock_us() - p->looking_us) / 1000);
	json_put_text(out, "last", msg_look_reason_name(v->look));
	json_put_key(out, "tried");
	if (v->has_tried)
		buf_put_text(out, "%" PRId64, v->tried);
	else
		buf_put_text(out, "null");
	json_put_text(out, "link", msg_reason_name(v->link));
	json_put_bool(out, "demoted", v->demoted);
	json_put_u64(out, "deserted", v->deserted);
	json_put_text(out, "text", looking(p, text, sizeof(text)));
	buf_put_u8(out, '}');
}

size_t
peer_event(const struct peer *p, bool beat, char *text, size_t cap)
{
	char reason[PEER_WHY_MAX];
	struct buf_out out;

	if (!*peer_reason(p, reason, sizeof(reason)))
		looking(p, reason, sizeof(reason));
	buf_out_init(&out, text, cap);
	buf_put_u8(&out, '{');
	json_put_text(&out, "event", "state");
	json_put_bool(&out, "heartbeat", beat);
	json_put_u64(&out, "at_us", beat ? clock_us() : p->view_us);
	json_put_i64(&out, "id", p->conf->id);
	put_view(&out, p);
	json_put_text(&out, "reason", reason);
	json_put_u64(&out, "lease_end_ms", peer_lease_end_ms(p));
	json_put_bool(&out, "resumes", peer_resumes(p));
	peer_put_members(&out, p, false);
	buf_put_u8(&out, '}');
	return out.bad ? 0 : out.len;
}

static void
put_learners(struct buf_out *out, const struct peer *p)
{
	struct role_learner_view list[ROLE_LEARNERS_MAX];
	unsigned count = p->role ? role_get_learners(p->role, clock_ms(), list) : 0;

	json_put_key(out, "learners");
	buf_put_u8(out, '[');
	for (unsigned i = 0; i < count; i++) {
		json_put_next(out);
		buf_put_u8(out, '{');
		json_put_i64(out, "id", list[i].id);
		json_put_text(out, "phase", role_phase_name(list[i].phase));
		json_put_bool(out, "promised", list[i].promised);
		json_put_bool(out, "acked", list[i].acked);
		json_put_u64(out, "last_ms", list[i].last_ms);
		buf_put_u8(out, '}');
	}
	buf_put_u8(out, ']');
}

static void
put_counters(struct buf_out *out, const struct peer *p)
{
	const struct peer_counters *c = &p->counters;
	const struct uplink_counters u = uplink_counters(p->uplink);
	const struct json_count done[] = {
	    {"packets_in", c->packets_in},
	    {"packets_out", c->packets_out},
	    {"links_closed", c->links_closed},
	    {"looks", c->looks},
	    {"decided", c->decided},
	    {"leader_changes", c->leader_changes},
	    {"writes", c->writes},
	    {"writes_failed", c->writes_failed},
	    {"watchers", p->watcher_count},
	    {"uplinks", u.links},
	};
	const struct json_count drops[] = {
	    {"packets_refused", c->packets_refused},
	    {"messages_refused", u.refused},
	    {"messages_dropped", u.dropped},
	    {"messages_replaced", u.replaced},
	};
	const struct self_queue queue = {"uplink", uplink_waiting(p->uplink),
	                                 UPLINK_QUEUE_MAX, u.dropped + u.replaced};

	self_put_queues(out, "queues", &queue, 1);
	json_put_counts(out, "counters", done, sizeof(done) / sizeof(done[0]));
	json_put_counts(out, "drops", drops, sizeof(drops) / sizeof(drops[0]));
}

static void
put_claim(struct buf_out *out, int64_t claim)
{
	json_put_key(out, "claim");
	if (claim < 0)
		buf_put_text(out, "null");
	else
		buf_put_text(out, "\"0x%" PRIx64 "\"", (uint64_t)claim);
}

/* The file that was taken over last, and what this server is in it. */
static void
put_file(struct buf_out *out, const struct peer *p)
{
	const struct member *self = members_find(&p->file, p->conf->id);

	json_put_text(out, "role",
	              !self            ? "none"
	              : self->observer ? "observer"
	                               : "participant");
	json_put_key(out, "file");
	buf_put_u8(out, '{');
	json_put_i64(out, "version", p->file.version);
	json_put_u64(out, "reloads", p->reloads);
	json_put_text(out, "refused", p->refused);
	buf_put_u8(out, '}');
}

size_t
peer_status(const struct peer *p, char *text, size_t cap)
{
	struct buf_out out;

	buf_out_init(&out, text, cap);
	buf_put_u8(&out, '{');
	self_put(&out, "peer", p->name, uplink_generation(p->uplink));
	json_put_i64(&out, "id", p->conf->id);
	put_file(&out, p);
	json_put_bool(&out, "zab", p->conf->zab);
	put_view(&out, p);
	put_reason(&out, p);
	put_looking(&out, p);
	peer_put_members(&out, p, true);
	peer_put_lease(&out, p);
	json_put_i64(&out, "accepted_epoch", p->role ? role_accepted(p->role) : 0);
	json_put_i64(&out, "current_epoch", p->role ? role_current(p->role) : 0);
	put_claim(&out, p->started ? role_claim(p->role) : -1);
	put_learners(&out, p);
	put_counters(&out, p);
	histogram_put(&out, "establish", &p->establish);
	buf_put_u8(&out, '}');
	return out.bad ? 0 : out.len;
}

size_t
peer_claimed(int64_t claim, char *text, size_t cap)
{
	struct buf_out out;

	buf_out_init(&out, text, cap);
	buf_put_u8(&out, '{');
	json_put_bool(&out, "ok", true);
	put_claim(&out, claim);
	buf_put_u8(&out, '}');
	return out.bad ? 0 : out.len;
}
