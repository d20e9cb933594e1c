/* conclaved's door and its status file; see control.h. */
#include "supervisor/control.h"

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/paths.h"
#include "ipc/door.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct waiter { /* asked for a restart, and has no answer yet */
	struct door_conn *conn;
	unsigned member;
};

struct control {
	struct door *door;
	struct crew *crew;
	struct swapper *swapper;
	const struct report_self *self;
	const struct control_ops *ops;
	void *user;
	char file[CONF_RUN_DIR_MAX + 32];
	int file_error; /* the last one logged */
	unsigned waiter_count;
	struct waiter waiters[DOOR_CONNS_MAX];
	char reply[DOOR_REPLY_MAX];
};

/* `len` 0: it did not fit. */
static void
answer(struct door_conn *conn, const void *text, size_t len)
{
	int r = len == 0 ? -EMSGSIZE : door_send(conn, text, len);

	if (r < 0) {
		log_info("an asker got no answer: %s", strerror(-r));
		door_conn_close(conn);
	}
}

static void
answer_error(struct door_conn *conn, const char *text)
{
	unsigned char room[CONTROL_TEXT_MAX * 6];

	answer(conn, room, json_error(text, room, sizeof(room)));
}

static void
answer_status(struct control *c, struct door_conn *conn)
{
	answer(conn, c->reply,
	       report_print(c->crew, c->swapper, c->self, c->reply, sizeof(c->reply)));
}

static void
answer_reload(struct control *c, struct door_conn *conn)
{
	unsigned char room[CONTROL_TEXT_MAX * 6];
	char text[CONTROL_TEXT_MAX];
	struct buf_out json;

	if (c->ops->reload(c->user, text, sizeof(text)) != 0) {
		answer_error(conn, text);
		return;
	}
	buf_out_init(&json, room, sizeof(room));
	buf_put_text(&json, "{\"ok\":true,\"taken\":[");
	if (text[0] != '\0')
		json_put_string(&json, text);
	buf_put_text(&json, "]}");
	answer(conn, room, json.bad ? 0 : json.len);
}

/* The answer is for when the successor has been started: control_spawned. */
static void
ask_restart(struct control *c, struct door_conn *conn, const char *name)
{
	char text[CONTROL_TEXT_MAX];
	int member = crew_find(c->crew, name);

	if (member < 0) {
		snprintf(text, sizeof(text),
		         "no worker is named %.64s: connmgr, elector or peer", name);
		answer_error(conn, text);
		return;
	}
	if (crew_member(c->crew, (unsigned)member)->plan->seat >= 0 &&
	    crew_seat_watched(
		c->crew, (unsigned)crew_member(c->crew, (unsigned)member)->plan->seat)) {
		answer_error(conn,
		             "this elector is in its probation: wait, or take it back "
		             "with `conclave swap --undo`");
		return;
	}
	if (c->waiter_count == DOOR_CONNS_MAX) {
		answer_error(conn, "too many restarts are under way");
		return;
	}
	c->waiters[c->waiter_count++] =
	    (struct waiter){.conn = conn, .member = (unsigned)member};
	if (crew_restart(c->crew, (unsigned)member) != 0) {
		c->waiter_count--;
		answer_error(conn, "conclaved is stopping");
	}
}

/* MS careful|force PATH */
static void
ask_swap(struct control *c, struct door_conn *conn, const char *words)
{
	unsigned long long shadow_ms;
	char how[8];
	int at = 0;

	if (sscanf(words, "%9llu %7s %n", &shadow_ms, how, &at) != 2 || at == 0 ||
	    (strcmp(how, "careful") != 0 && strcmp(how, "force") != 0)) {
		answer_error(conn, "swap how? MS careful|force PATH");
		return;
	}
	swapper_ask(c->swapper, conn, words + at, shadow_ms, strcmp(how, "force") == 0);
}

static void
on_request(void *user, struct door_conn *conn, const char *data, size_t len)
{
	struct control *c = user;

	(void)len;
	if (strcmp(data, "status") == 0)
		answer_status(c, conn);
	else if (strcmp(data, "reload") == 0)
		answer_reload(c, conn);
	else if (strncmp(data, "restart ", 8) == 0)
		ask_restart(c, conn, data + 8);
	else if (strncmp(data, "swap ", 5) == 0)
		ask_swap(c, conn, data + 5);
	else if (strcmp(data, "undo") == 0)
		swapper_undo(c->swapper, conn);
	else
		answer_error(conn,
		             "conclaved knows: status, restart NAME, reload, swap MS "
		             "careful|force PATH, undo");
}

static void
on_gone(void *user, struct door_conn *conn)
{
	struct control *c = user;
	unsigned i = 0;

	swapper_forget(c->swapper, conn);
	while (i < c->waiter_count) {
		if (c->waiters[i].conn == conn)
			c->waiters[i] = c->waiters[--c->waiter_count];
		else
			i++;
	}
}

static const struct door_ops door_ops = {.on_request = on_request, .on_gone = on_gone};

int
control_open(struct control **out, sd_event *loop, const char *run_dir, struct crew *crew,
             struct swapper *swapper, const struct report_self *self,
             const struct control_ops *ops, void *user)
{
	char path[CONF_RUN_DIR_MAX + 32];
	struct control *c = calloc(1, sizeof(*c));
	int r;

	if (c == NULL)
		return -ENOMEM;
	c->crew = crew;
	c->swapper = swapper;
	c->self = self;
	c->ops = ops;
	c->user = user;
	snprintf(c->file, sizeof(c->file), "%s/conclaved/status.json", run_dir);
	snprintf(path, sizeof(path), "%s/conclaved/" PATHS_DOOR, run_dir);
	r = door_open(&c->door, loop, path, &door_ops, c);
	if (r < 0) {
		free(c);
		return r;
	}
	*out = c;
	return 0;
}

void
control_close(struct control *c)
{
	if (c == NULL)
		return;
	while (c->waiter_count > 0) {
		struct door_conn *conn = c->waiters[--c->waiter_count].conn;

		answer_error(conn, "conclaved is stopping");
	}
	door_close(c->door);
	unlink(c->file);
	free(c);
}

void
control_publish(struct control *c)
{
	size_t len =
	    report_print(c->crew, c->swapper, c->self, c->reply, sizeof(c->reply) - 1);
	int r = -EMSGSIZE;

	if (len > 0) {
		c->reply[len++] = '\n';
		r = file_write(c->file, c->reply, len, false);
	}
	if (r < 0 && r != c->file_error)
		log_err("%s: %s", c->file, strerror(-r));
	c->file_error = r;
}

void
control_swapped(struct control *c, struct door_conn *asker, const struct buf_out *json)
{
	(void)c;
	answer(asker, json->data, json->bad ? 0 : json->len);
}

void
control_spawned(struct control *c, unsigned member, int pid_or_error)
{
	char text[CONTROL_TEXT_MAX];
	unsigned i = 0;

	while (i < c->waiter_count) {
		struct waiter w = c->waiters[i];

		if (w.member != member) {
			i++;
			continue;
		}
		c->waiters[i] = c->waiters[--c->waiter_count];
		i = 0; /* an answer may fail and take others of that connection along */
		if (pid_or_error < 0) {
			snprintf(text, sizeof(text), "%s cannot be started: %s",
			         crew_member(c->crew, member)->plan->name,
			         strerror(-pid_or_error));
			answer_error(w.conn, text);
			continue;
		}
		snprintf(text, sizeof(text), "{\"ok\":true,\"pid\":%d}", pid_or_error);
		answer(w.conn, text, strlen(text));
	}
}
