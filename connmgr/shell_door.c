/* connmgr's door: workers attach there, others ask (docs/DOORS.md). */
#include "connmgr/shell_impl.h"

#include "base/json.h"
#include "base/log_limited.h"
#include "base/paths.h"
#include "proc/roster.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static char reply[DOOR_REPLY_MAX];

/* An asker that does not take its answer is closed: nothing else is known to help it. */
static void
answer(struct door_conn *c, size_t len)
{
	if (len == 0)
		len = json_error("the answer does not fit", reply, sizeof(reply));
	if (door_send(c, reply, len) < 0)
		door_conn_close(c);
}

static void
refuse(struct door_conn *c, const char *why)
{
	answer(c, json_error(why, reply, sizeof(reply)));
}

static struct worker *
place(struct connmgr *s, struct door_conn *c)
{
	struct worker *w = door_conn_user(c);

	for (unsigned i = 0; i < BOARD_WORKERS_MAX && !w; i++)
		if (!s->workers[i].door)
			w = &s->workers[i];
	return w;
}

static void
on_attach(struct connmgr *s, struct door_conn *c, const struct msg_attach *m)
{
	struct board_event ev = {.type = BOARD_EV_ATTACH,
	                         .who = m->who,
	                         .name = m->name,
	                         .generation = m->generation};
	struct worker *w;

	if (door_conn_ended(c)) { /* it died behind its own words */
		door_conn_close(c);
		return;
	}
	connmgr_bury(s, c);
	w = place(s, c);
	if (!w) {
		s->counters.no_place++;
		log_limited(LOG_LEVEL_WARNING,
		            "too many workers, so pid %d cannot attach",
		            (int)door_conn_pid(c));
		door_conn_close(c);
		return;
	}
	s->counters.attaches++;
	log_limited(LOG_LEVEL_INFO, "%s %s attaches pid=%d generation=%llu",
	            roster_who(m->who)->name, m->name, (int)door_conn_pid(c),
	            (unsigned long long)m->generation);
	if (w->door != c)
		w->said = w->refused = w->lost = 0;
	w->door = c;
	strcpy(w->build, m->build);
	door_conn_keep(c, true);
	door_conn_set_user(c, w);
	ev.worker = (unsigned)(w - s->workers);
	connmgr_push(s, &ev);
}

/* `data` is NUL-terminated, and may be changed. */
static size_t
on_words(struct connmgr *s, char *data)
{
	if (strcmp(data, "status") == 0)
		return connmgr_status(s, reply, sizeof(reply));
	if (strncmp(data, "shadow ", 7) == 0)
		return connmgr_shadow(s, data + 7, reply, sizeof(reply));
	return json_error("ask for: status, shadow NAME, promote forward|back|undo "
	                  "NAME, accept NAME",
	                  reply, sizeof(reply));
}

/* False if it was noted before: there is one line in the log for each process, which may
 * ask again and again. */
static bool
note_refused(struct connmgr *s, pid_t pid)
{
	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++)
		if (s->refused[i] == pid)
			return false;
	s->refused[s->refused_count++ % BOARD_WORKERS_MAX] = pid;
	return true;
}

/* A worker of another version, in an upgrade. */
static void
refuse_set(struct connmgr *s, struct door_conn *c, unsigned set)
{
	pid_t pid = door_conn_pid(c);
	char why[160];

	snprintf(why, sizeof(why),
	         "connmgr speaks message set %d, and this process speaks %u: restart "
	         "connmgr and all workers with programs of one version",
	         MSG_SET, set);
	s->counters.refused++;
	if (note_refused(s, pid))
		log_limited(LOG_LEVEL_ERR, "pid %d cannot attach: %s", (int)pid, why);
	refuse(c, why);
}

/* A worker may attach as what its user says. */
static void
on_attach_asked(struct connmgr *s, struct door_conn *c, const struct msg_attach *m)
{
	const char *why = door_refuses(c, connmgr_attaches_as(m->who));

	if (!why) {
		on_attach(s, c, m);
		return;
	}
	s->counters.refused++;
	if (note_refused(s, door_conn_pid(c)))
		log_limited(LOG_LEVEL_ERR, "pid %d cannot attach as the %s: %s",
		            (int)door_conn_pid(c), roster_who(m->who)->name, why);
	refuse(c, why);
}

static enum policy_what
needs(const char *words)
{
	bool reads = strcmp(words, "status") == 0 || strncmp(words, "shadow ", 7) == 0;

	return reads ? POLICY_READ : POLICY_ADMINISTER;
}

static void
on_request(void *user, struct door_conn *c, const char *data, size_t len)
{
	struct connmgr *s = user;
	enum msg_result r;
	struct msg m;

	r = msg_decode(data, len, &m);
	if (r == MSG_OK && m.type == MSG_ATTACH && m.u.attach.set == MSG_SET) {
		on_attach_asked(s, c, &m.u.attach);
	} else if (r == MSG_VERSION) {
		refuse_set(s, c, (unsigned char)data[2]);
	} else if (strlen(data) != len) {
		s->counters.refused++;
		refuse(c, "neither words nor an attach of this version");
	} else {
		static char words[DOOR_REQUEST_MAX + 1];
		const char *why = door_refuses(c, needs(data));

		memcpy(words, data, len + 1);
		if (why) {
			s->counters.refused++;
			refuse(c, why);
		} else if (strncmp(words, "promote ", 8) == 0) {
			connmgr_bury(s, c);
			connmgr_promote(s, c, words + 8);
		} else if (strncmp(words, "accept ", 7) == 0) {
			connmgr_accept(s, c, words + 7);
		} else {
			answer(c, on_words(s, words));
		}
	}
}

static void
on_gone(void *user, struct door_conn *c)
{
	struct connmgr *s = user;
	struct worker *w = door_conn_user(c);
	struct board_event ev = {.type = BOARD_EV_GONE};
	const struct board_worker *b;

	if (c == s->asker)
		s->asker = NULL;
	if (!w || w->door != c)
		return;
	ev.worker = (unsigned)(w - s->workers);
	b = board_worker(s->board, ev.worker);
	log_limited(LOG_LEVEL_INFO, "%s %s has ended", roster_who(b->who)->name, b->name);
	w->door = NULL;
	connmgr_cut(s, ev.worker);
	connmgr_push(s, &ev);
}

static const struct door_ops door_ops = {on_request, on_gone};

int
connmgr_open_door(struct connmgr *s)
{
	char path[CONF_RUN_DIR_MAX + 32];

	snprintf(path, sizeof(path), "%s/connmgr/" PATHS_DOOR, s->conf->run_dir);
	return door_open(&s->door, s->loop, path, &door_ops, s);
}
