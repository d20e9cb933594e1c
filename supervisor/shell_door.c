/* The requests at conclaved's control socket; see shell.h. */
#include "supervisor/shell.h"

#include "base/json.h"
#include "base/log.h"
#include "base/log_limited.h"
#include "base/paths.h"
#include "config/conf_key.h"

#include <stdio.h>
#include <string.h>

/* The keys that differ and are taken over, with blanks between. */
static void
list_taken(const struct conf *running, const struct conf *fresh, char *text, size_t cap)
{
	size_t used = 0;

	*text = '\0';
	for (const struct conf_key *k = conf_keys; k->path; k++) {
		bool same = k->kind == CONF_LIST ? conf_same_servers(running, fresh)
		                                 : conf_key_same(k, running, fresh);

		if (k->change == CONF_RELOAD && !same)
			used += (size_t)snprintf(text + used, cap - used, "%s%s",
			                         used ? " " : "", k->path);
	}
}

/* All of the file is taken over, or nothing. */
int
supervisor_reload(struct supervisor *s, char *text, size_t cap)
{
	struct conf_warnings warnings;
	struct conf_error error;
	int r;

	if (conf_load_again(s->config_path, &s->conf, &s->fresh, &error, &warnings) !=
	    0) {
		snprintf(text, cap, "%s", error.text);
		log_err("reload: %s", text);
		return 1;
	}
	for (unsigned i = 0; i < warnings.count; i++)
		log_warning("%s", warnings.list[i].text);
	r = supervisor_write_config(s, &s->fresh);
	if (r < 0) {
		snprintf(text, cap, "%s: %s", s->children_config, strerror(-r));
		return 1;
	}
	list_taken(&s->conf, &s->fresh, text, cap);
	conf_take(&s->conf, &s->fresh);
	log_set_level((enum log_level)s->conf.log_level);
	if (*text)
		log_info("reload: %s taken over", text);
	supervisor_children_reload(s);
	return 0;
}

static void
ask_status(struct supervisor *s, struct door_conn *conn, const char *rest)
{
	(void)rest;
	supervisor_answer(conn, s->reply, supervisor_status_print(s));
}

static void
ask_reload(struct supervisor *s, struct door_conn *conn, const char *rest)
{
	char text[SUPERVISOR_TEXT_MAX], *taken = text, *key;
	struct buf_out out;

	(void)rest;
	if (supervisor_reload(s, text, sizeof(text)) != 0) {
		supervisor_answer_error(conn, text);
		return;
	}
	buf_out_init(&out, s->reply, sizeof(s->reply));
	buf_put_text(&out, "{\"ok\":true,\"taken\":[");
	while ((key = strsep(&taken, " ")) && *key) {
		if (key != text)
			buf_put_u8(&out, ',');
		json_put_string(&out, key);
	}
	buf_put_text(&out, "]}");
	supervisor_answer(conn, s->reply, out.bad ? 0 : out.len);
}

/* Of the electors the one in use. NULL: no child has this name. */
static struct supervisor_child *
find(struct supervisor *s, const char *name)
{
	const struct roster_row *row = roster_find(name);

	if (!row)
		return NULL;
	return row->instances ? supervisor_seat(s, s->drive.core.active)
	                      : &s->children[row - roster];
}

/* supervisor_door_settle answers, once the successor has been started. */
static void
ask_restart(struct supervisor *s, struct door_conn *conn, const char *name)
{
	struct supervisor_child *m = find(s, name);
	char text[SUPERVISOR_TEXT_MAX];

	if (!m) {
		snprintf(text, sizeof(text),
		         "no worker is named %.64s: connmgr, elector or peer", name);
		supervisor_answer_error(conn, text);
	} else if (m->seat >= 0 && s->watched[m->seat]) {
		supervisor_answer_error(
		    conn, "this elector is in its probation: wait, or take it back "
			  "with `conclave swap --undo`");
	} else if (s->waiter_count == DOOR_CONNS_MAX) {
		supervisor_answer_error(conn, "too many restarts are under way");
	} else if (s->stopping) {
		supervisor_answer_error(conn, "conclaved is stopping");
	} else {
		s->waiters[s->waiter_count++] = (struct supervisor_waiter){conn, m};
		supervisor_child_step(m, CHILD_EV_RESTART);
	}
}

/* MS careful|force PATH */
static void
ask_swap(struct supervisor *s, struct door_conn *conn, const char *words)
{
	unsigned long long shadow_ms;
	char how[8];
	int at = 0;

	if (sscanf(words, "%9llu %7s %n", &shadow_ms, how, &at) != 2 || at == 0 ||
	    (strcmp(how, "careful") != 0 && strcmp(how, "force") != 0)) {
		supervisor_answer_error(conn, "swap how? MS careful|force PATH");
		return;
	}
	if (strlen(words + at) >= RECORD_PATH_MAX) {
		supervisor_answer_error(conn, "the path of the program is too long");
		return;
	}
	s->asking = conn;
	drive_swap(&s->drive, NULL, words + at, shadow_ms, strcmp(how, "force") == 0);
}

static void
ask_undo(struct supervisor *s, struct door_conn *conn, const char *rest)
{
	(void)rest;
	s->asking = conn;
	drive_undo(&s->drive);
}

/* A name that ends in a blank is followed by more. */
static const struct {
	const char *name;
	enum policy_what needs;
	void (*ask)(struct supervisor *s, struct door_conn *conn, const char *rest);
} requests[] = {
    {"status", POLICY_READ, ask_status},
    {"reload", POLICY_ADMINISTER, ask_reload},
    {"restart ", POLICY_ADMINISTER, ask_restart},
    {"swap ", POLICY_ADMINISTER, ask_swap},
    {"undo", POLICY_ADMINISTER, ask_undo},
};

void
supervisor_door_request(struct supervisor *s, struct door_conn *conn, const char *request)
{
	for (unsigned i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		size_t len = strlen(requests[i].name);

		const char *why;

		if (strncmp(request, requests[i].name, len) != 0 ||
		    (request[len] != '\0' && requests[i].name[len - 1] != ' '))
			continue;
		why = door_refuses(conn, requests[i].needs);
		if (why) {
			log_limited(LOG_LEVEL_WARNING, "pid %d may not ask for %s: %s",
			            (int)door_conn_pid(conn), requests[i].name, why);
			supervisor_answer_error(conn, why);
		} else {
			requests[i].ask(s, conn, request + len);
		}
		return;
	}
	supervisor_answer_error(conn, "conclaved knows: status, restart NAME, reload, "
	                              "swap MS careful|force PATH, undo");
}

static void
on_request(void *user, struct door_conn *conn, const char *data, size_t len)
{
	struct supervisor *s = user;

	(void)len;
	gate_push(&s->gate, &(struct supervisor_event){.type = SUPERVISOR_EV_REQUEST,
	                                               .conn = conn,
	                                               .request = data});
}

static void
on_gone(void *user, struct door_conn *conn)
{
	struct supervisor *s = user;
	unsigned i = 0;

	if (s->asker == conn)
		s->asker = NULL;
	if (s->asking == conn)
		s->asking = NULL;
	while (i < s->waiter_count) {
		if (s->waiters[i].conn == conn)
			s->waiters[i] = s->waiters[--s->waiter_count];
		else
			i++;
	}
}

static const struct door_ops door_ops = {.on_request = on_request, .on_gone = on_gone};

int
supervisor_door_open(struct supervisor *s)
{
	char path[CONF_PATH_MAX];
	int r =
	    paths_below(path, sizeof(path), s->conf.run_dir, PATHS_CONCLAVED, PATHS_DOOR);

	return r < 0 ? r : door_open(&s->door, proc_loop(s->proc), path, &door_ops, s);
}

void
supervisor_door_close(struct supervisor *s)
{
	while (s->waiter_count > 0)
		supervisor_answer_error(s->waiters[--s->waiter_count].conn,
		                        "conclaved is stopping");
	door_close(s->door);
}

static void
answer_spawned(const struct supervisor_waiter *w, int pid_or_error)
{
	char text[SUPERVISOR_TEXT_MAX];

	if (pid_or_error < 0) {
		snprintf(text, sizeof(text), "%s cannot be started: %s",
		         w->child->row->name, strerror(-pid_or_error));
		supervisor_answer_error(w->conn, text);
		return;
	}
	snprintf(text, sizeof(text), "{\"ok\":true,\"pid\":%d}", pid_or_error);
	supervisor_answer(w->conn, text, strlen(text));
}

void
supervisor_door_settle(struct supervisor *s)
{
	unsigned i = 0;

	while (i < s->waiter_count) {
		struct supervisor_waiter w = s->waiters[i];

		if (w.child->spawned == 0) {
			i++;
			continue;
		}
		s->waiters[i] = s->waiters[--s->waiter_count];
		/* an answer that fails takes other waiters of its connection away */
		i = 0;
		answer_spawned(&w, w.child->spawned);
	}
	for (i = 0; i < SUPERVISOR_CHILDREN; i++)
		s->children[i].spawned = 0;
}
