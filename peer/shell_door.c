/* The peer's control socket: its requests, and the claim. A claim is
 * answered when it is on the disk, one at a time, so that it is there after any crash. A
 * write that fails leaves the old claim, or the new one if the peer dies before its next
 * write. */
#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "config/conf_key.h"
#include "ipc/door.h"
#include "peer/shell.h"
#include "wire/qaddr.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void
peer_door_claimed(struct peer *p, int64_t claim, int error)
{
	char text[PEER_WHY_MAX];
	struct door_conn *c = p->claimer;

	p->claiming = false;
	p->claimer = NULL;
	if (error < 0) {
		snprintf(text, sizeof(text), "%s cannot be written: %s; %s",
		         epoch_path(p->epochs), strerror(-error), epoch_remedy(error));
		if (error == -ECANCELED)
			snprintf(text, sizeof(text),
			         "the peer became active anew; ask again");
		if (c)
			peer_refuse(p, c, text);
		return;
	}
	log_info("claim 0x%" PRIx64, (uint64_t)claim);
	if (c)
		peer_reply(p, c, text, peer_claimed(claim, text, sizeof(text)));
}

/* Gives a claim to the core. Returns why not; NULL: the answer comes when it is written.
 */
static const char *
claim(struct peer *p, struct door_conn *c, const char *number)
{
	size_t len = strlen(number);
	struct qaddr_text digits = qaddr_trim_end((struct qaddr_text){number, len}, '\n');
	int64_t value;

	if (digits.len + 1 < len || !qaddr_unsigned(digits, 10, INT64_MAX, &value))
		return "a claim is one decimal number from 0 to 9223372036854775807";
	if (!p->started)
		return *p->why ? p->why : "the peer is not active yet; ask again";
	if (p->claiming)
		return "another claim is being written; ask again";
	p->claiming = true;
	p->claimer = c;
	gate_push(&p->gate, &(struct role_event){.type = ROLE_EV_CLAIM, .claim = value});
	return NULL;
}

void
peer_door_refounded(struct peer *p, int error)
{
	char text[PEER_WHY_MAX];
	struct door_conn *c = p->refounder;

	p->refounding = false;
	p->refounder = NULL;
	if (error == 0)
		log_notice("the record of the members is given up: this server may found "
		           "a group");
	if (!c)
		return;
	if (error == 0) {
		peer_grant(p, c);
		return;
	}
	if (error == -ECANCELED || error == -EAGAIN)
		snprintf(text, sizeof(text), "the peer became active anew; ask again");
	else
		snprintf(text, sizeof(text),
		         "the record below %s cannot be written: %s; it is given up as "
		         "soon as it can",
		         p->folder, strerror(-error));
	peer_refuse(p, c, text);
}

/* N11. Returns why not; NULL: the answer comes when it is written. */
static const char *
refound(struct peer *p, struct door_conn *c, const char *words)
{
	(void)words;
	if (!p->conf->zab)
		return "with zab = false there are no memberships";
	if (!p->started)
		return *p->why ? p->why : "the peer is not active yet; ask again";
	if (p->refounding)
		return "the record is being given up; ask again";
	if (p->view.state != NOTIF_LOOKING && p->view.has_leader)
		return "a leader is established, so the group is not lost: change its "
		       "members with a file of a larger version instead "
		       "(conclave-membership(7))";
	p->refounding = true;
	p->refounder = c;
	gate_push(&p->gate, &(struct role_event){.type = ROLE_EV_REFOUND});
	return NULL;
}

static const char *
status(struct peer *p, struct door_conn *c, const char *words)
{
	static char text[DOOR_REPLY_MAX];

	(void)words;
	peer_reply(p, c, text, peer_status(p, text, sizeof(text)));
	return NULL;
}

static const char *
let_go(struct peer *p, struct door_conn *c, const char *words)
{
	(void)words;
	return peer_let_go(p, c);
}

static const char *
confirm(struct peer *p, struct door_conn *c, const char *words)
{
	(void)words;
	return peer_confirm(p, c);
}

/* `run` gets what stands behind the name. It returns why not; NULL: it is answered, or
 * will be. */
static const struct request {
	const char *name;
	enum policy_what needs;
	bool has_words;
	const char *(*run)(struct peer *p, struct door_conn *c, const char *words);
} requests[] = {
    {"status", POLICY_READ, false, status},
    {"watch", POLICY_READ, false, peer_watch},
    {"confirm", POLICY_READ, false, confirm},
    {"hold", POLICY_HOLD, true, peer_hold},
    {"kills", POLICY_HOLD, true, peer_kills},
    {"let go", POLICY_HOLD, false, let_go},
    {"claim", POLICY_ADMINISTER, true, claim},
    {"refound", POLICY_ADMINISTER, false, refound},
    {"step-down", POLICY_ADMINISTER, true, peer_step_down},
    {"transfer", POLICY_ADMINISTER, true, peer_transfer},
};

/* NULL: there is no such request. `*words`: what stands behind its name. */
static const struct request *
find_request(const char *data, const char **words)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		const struct request *r = &requests[i];
		size_t len = strlen(r->name);

		*words = data + len;
		if (strncmp(data, r->name, len) != 0)
			continue;
		if (**words == '\0')
			return r;
		if (r->has_words && *(*words)++ == ' ')
			return r;
	}
	return NULL;
}

static void
on_request(void *user, struct door_conn *c, const char *data, size_t len)
{
	struct peer *p = user;
	const char *words, *why;
	const struct request *r = find_request(data, &words);

	(void)len;
	peer_catch_up(p);
	why = door_refuses(c, r ? r->needs : POLICY_ADMINISTER);
	if (!why && !r)
		why = "the peer knows `status`, `watch`, `confirm`, `hold NAME`, `kills "
		      "N`, `let go`, "
		      "`claim N`, `refound`, `step-down MS` and `transfer SID MS`";
	if (!why)
		why = r->run(p, c, words);
	if (why)
		peer_refuse(p, c, why);
}

static void
on_gone(void *user, struct door_conn *c)
{
	struct peer *p = user;

	peer_watch_gone(p, c);
	if (p->claimer == c)
		p->claimer = NULL;
	if (p->refounder == c)
		p->refounder = NULL;
	peer_handover_gone(p, c);
	if (!p->closing)
		peer_hold_gone(p, c);
}

/* Without it all else works. */
static void
open_events(struct peer *p)
{
	const char *path = p->conf->events + strlen(CONF_IPC_PREFIX);
	int r;

	if (!*p->conf->events)
		return;
	r = pub_open(&p->events, p->loop, path);
	if (r < 0)
		log_err("%s: nobody can subscribe to events: %s; see events in "
		        "conclave.conf(5), and restart this process",
		        p->conf->events, strerror(-r));
}

int
peer_door_open(struct peer *p)
{
	static const struct door_ops ops = {on_request, on_gone};
	char path[CONF_RUN_DIR_MAX + 32];
	int r = paths_below(path, sizeof(path), p->conf->run_dir, PATHS_PEER, NULL);

	if (r == 0)
		r = file_make_dir(path);
	if (r < 0)
		return r;
	open_events(p);
	strcat(path, "/" PATHS_DOOR);
	return door_open(&p->door, p->loop, path, &ops, p);
}

void
peer_door_close(struct peer *p)
{
	door_close(p->door);
	pub_close(p->events);
}
