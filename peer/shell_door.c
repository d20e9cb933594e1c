/* The peer's control socket: status, who watches, and the claim. A claim is answered when
 * it is on the disk, one at a time, so that it is there after any crash. A write that
 * fails leaves the old claim, or the new one if the peer dies before its next write. */
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/paths.h"
#include "ipc/door.h"
#include "peer/shell.h"
#include "wire/qaddr.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CLAIM "claim "

static void
reply(struct door_conn *c, const char *text, size_t len)
{
	assert(len > 0);
	if (door_send(c, text, len) < 0)
		door_conn_close(c);
}

static void
refuse(struct door_conn *c, const char *why)
{
	static char text[6 * PEER_WHY_MAX + 64]; /* each byte as \uXXXX */

	reply(c, text, json_error(why, text, sizeof(text)));
}

/* True: `c` watches from now on, or did already; false: there are too many. */
static bool
add_watcher(struct peer *p, struct door_conn *c)
{
	for (unsigned i = 0; i < p->watcher_count; i++)
		if (p->watchers[i] == c)
			return true;
	if (p->watcher_count == PEER_WATCHERS_MAX)
		return false;
	p->watchers[p->watcher_count++] = c;
	door_conn_keep(c);
	return true;
}

/* From the end: closing a watcher moves the last one, which has been served, to its
 * place. A watcher that does not drain its socket is closed. */
void
peer_door_tell(struct peer *p, const char *text, size_t len)
{
	for (unsigned i = p->watcher_count; i-- > 0;)
		reply(p->watchers[i], text, len);
}

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
			refuse(c, text);
		return;
	}
	log_info("claim 0x%" PRIx64, (uint64_t)claim);
	if (c)
		reply(c, text, peer_claimed(claim, text, sizeof(text)));
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
	static const char done[] = "{\"ok\":true}";
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
		reply(c, done, strlen(done));
		return;
	}
	if (error == -ECANCELED || error == -EAGAIN)
		snprintf(text, sizeof(text), "the peer became active anew; ask again");
	else
		snprintf(text, sizeof(text),
		         "the record below %s cannot be written: %s; it is given up as "
		         "soon as it can",
		         p->folder, strerror(-error));
	refuse(c, text);
}

/* N11. Returns why not; NULL: the answer comes when it is written. */
static const char *
refound(struct peer *p, struct door_conn *c)
{
	if (!p->conf->zab)
		return "with zab = false there are no memberships";
	if (!p->started)
		return *p->why ? p->why : "the peer is not active yet; ask again";
	if (p->refounding)
		return "the record is being given up; ask again";
	p->refounding = true;
	p->refounder = c;
	gate_push(&p->gate, &(struct role_event){.type = ROLE_EV_REFOUND});
	return NULL;
}

static enum policy_what
needs(const char *words)
{
	bool reads = strcmp(words, "status") == 0 || strcmp(words, "watch") == 0;

	return reads ? POLICY_READ : POLICY_ADMINISTER;
}

static void
on_request(void *user, struct door_conn *c, const char *data, size_t len)
{
	static char text[DOOR_REPLY_MAX];
	struct peer *p = user;
	const char *why = door_refuses(c, needs(data));

	(void)len;
	if (why) {
		refuse(c, why);
		return;
	}
	if (strcmp(data, "status") == 0)
		reply(c, text, peer_status(p, text, sizeof(text)));
	else if (strncmp(data, CLAIM, strlen(CLAIM)) == 0)
		why = claim(p, c, data + strlen(CLAIM));
	else if (strcmp(data, "refound") == 0)
		why = refound(p, c);
	else if (strcmp(data, "watch") != 0)
		why = "the peer knows `status`, `watch`, `claim N` and `refound`";
	else if (add_watcher(p, c))
		reply(c, text, peer_event(p, text, sizeof(text)));
	else
		why = "too many watchers";
	if (why)
		refuse(c, why);
}

static void
on_gone(void *user, struct door_conn *c)
{
	struct peer *p = user;

	for (unsigned i = 0; i < p->watcher_count; i++)
		if (p->watchers[i] == c)
			p->watchers[i] = p->watchers[--p->watcher_count];
	if (p->claimer == c)
		p->claimer = NULL;
	if (p->refounder == c)
		p->refounder = NULL;
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
	strcat(path, "/" PATHS_DOOR);
	return door_open(&p->door, p->loop, path, &ops, p);
}

void
peer_door_close(struct peer *p)
{
	door_close(p->door);
}
