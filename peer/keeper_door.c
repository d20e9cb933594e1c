/* See keeper_door.h. A claim is answered when it is on the disk, so that whoever was told
 * "kept" finds it after any crash; one at a time. What a failed write has left is the old
 * claim, or (where only the folder could not be synced) one of both, never a part. */
#include "peer/keeper_door.h"

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/paths.h"
#include "ipc/door.h"
#include "peer/answer.h"
#include "peer/number.h"

#include <assert.h>
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
	static char text[6 * KEEPER_WHY_MAX + 64]; /* each byte as \uXXXX */

	reply(c, text, json_error(why, text, sizeof(text)));
}

static void
on_claim_written(void *user, int error)
{
	struct keeper *k = user;
	char text[KEEPER_WHY_MAX];
	struct door_conn *c;

	keeper_claimed(k, k->claiming, error);
	c = k->claimer; /* it may just have been closed, as a watcher */
	k->claimer = NULL;
	if (error < 0) {
		snprintf(text, sizeof(text), "%s/" EPOCH_CLAIM " cannot be written: %s",
		         k->folder, strerror(-error));
		log_err("%s", text);
		if (c)
			refuse(c, text);
		return;
	}
	log_info("claim 0x%" PRIx64, (uint64_t)k->claiming);
	if (c)
		reply(c, text, answer_claim(k->claiming, text, sizeof(text)));
}

/* Returns why not; NULL: the answer comes when it is written. */
static const char *
claim(struct keeper *k, struct door_conn *c, const char *number)
{
	int64_t value;

	if (!number_parse(number, strlen(number), INT64_MAX, &value))
		return "a claim is one decimal number from 0 to 9223372036854775807";
	if (!k->role || !k->locked)
		return *k->why ? k->why : "the peer is not active yet; ask again";
	if (epoch_writer_busy(k->claims))
		return "another claim is being written; ask again";
	if (epoch_write(k->claims, k->folder, EPOCH_CLAIM, value) < 0)
		return "the path of data_dir is too long";
	k->claiming = value;
	k->claimer = c;
	return NULL;
}

static void
on_request(void *user, struct door_conn *c, const char *data, size_t len)
{
	static char text[DOOR_REPLY_MAX];
	struct keeper *k = user;
	const char *why = NULL;

	(void)len;
	if (strcmp(data, "status") == 0)
		reply(c, text, answer_status(k, text, sizeof(text)));
	else if (strncmp(data, CLAIM, strlen(CLAIM)) == 0)
		why = claim(k, c, data + strlen(CLAIM));
	else if (strcmp(data, "watch") != 0)
		why = "the peer knows `status`, `watch` and `claim N`";
	else if (watch_add(&k->watch, c))
		reply(c, text, answer_event(k, text, sizeof(text)));
	else
		why = "too many watchers";
	if (why)
		refuse(c, why);
}

static void
on_gone(void *user, struct door_conn *c)
{
	struct keeper *k = user;

	watch_remove(&k->watch, c);
	if (k->claimer == c)
		k->claimer = NULL;
}

int
keeper_door_open(struct keeper *k)
{
	static const struct door_ops ops = {.on_request = on_request, .on_gone = on_gone};
	char path[CONF_RUN_DIR_MAX + 32];
	int r = epoch_writer_open(&k->claims, k->loop, on_claim_written, k);

	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s/peer", k->conf->run_dir);
	r = file_make_dir(path);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s/peer/" PATHS_DOOR, k->conf->run_dir);
	return door_open(&k->door, k->loop, path, &ops, k);
}

void
keeper_door_close(struct keeper *k)
{
	door_close(k->door);
	if (k->claims && !epoch_writer_busy(k->claims))
		epoch_writer_close(k->claims); /* else a disk that hangs would keep us */
}
