/* The answers of conclaved; see shell.h. */
#include "supervisor/shell.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log_limited.h"
#include "base/version.h"
#include "proc/procfs.h"
#include "proc/self.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REASON_MAX (CONF_PATH_MAX + CHILD_TEXT_MAX)

void
supervisor_answer(struct door_conn *conn, const void *text, size_t len)
{
	int r = len == 0 ? -EMSGSIZE : door_send(conn, text, len);

	if (r < 0) {
		log_limited(LOG_LEVEL_INFO, "a request got no answer: %s", strerror(-r));
		door_conn_close(conn);
	}
}

void
supervisor_answer_error(struct door_conn *conn, const char *text)
{
	unsigned char room[SUPERVISOR_TEXT_MAX * 6];

	supervisor_answer(conn, room, json_error(text, room, sizeof(room)));
}

/* An elector that comes back was not asked to describe itself, but said its version when
 * it became ready. */
void
supervisor_answer_swap(struct supervisor *s, struct door_conn *conn, bool ok,
                       const char *why)
{
	unsigned active = s->drive.core.active;
	const char *version = s->drive.version;
	struct buf_out out;

	if (*version == '\0')
		version = supervisor_seat(s, active)->said.version;
	buf_out_init(&out, s->reply, sizeof(s->reply));
	drive_put_answer(&s->drive, ok, why, &s->drive.programs[active], version, &out);
	supervisor_answer(conn, s->reply, out.bad ? 0 : out.len);
}

static uint64_t
age_ms(uint64_t now_us, uint64_t since_us)
{
	return since_us == 0 || since_us > now_us ? 0 : (now_us - since_us) / 1000;
}

/* False: it has the seat that is not in use, where no process has to be. */
static bool
is_wanted(const struct supervisor *s, const struct supervisor_child *m)
{
	return m->seat != (int)(1 - s->drive.core.active);
}

bool
supervisor_all_ready(const struct supervisor *s)
{
	for (unsigned i = 0; i < SUPERVISOR_CHILDREN; i++)
		if (is_wanted(s, &s->children[i]) &&
		    s->children[i].life.state != CHILD_READY)
			return false;
	return true;
}

static void
put_self(struct buf_out *out, const struct supervisor *s, uint64_t now_us)
{
	char summary[CHILD_TEXT_MAX * SUPERVISOR_CHILDREN] = "";
	const char *state = "starting";

	if (s->stopping)
		state = "stopping";
	else if (s->ready_us != 0)
		state = "ready";
	if (!supervisor_all_ready(s) || *s->place_error)
		supervisor_status_summary(s, summary, sizeof(summary));
	buf_put_u8(out, '{');
	json_put_text(out, "name", "conclaved");
	json_put_i64(out, "pid", getpid());
	json_put_text(out, "state", state);
	json_put_text(out, "version", CONCLAVE_VERSION);
	json_put_u64(out, "generation", 0);
	json_put_u64(out, "restarts", 0);
	json_put_u64(out, "uptime_ms", age_ms(now_us, s->started_us));
	self_put_use(out);
	json_put_text(out, "reason", summary);
	json_put_u64(out, "started_us", s->started_us);
	json_put_u64(out, "ready_us", s->ready_us);
	buf_put_u8(out, '}');
}

/* Cuts off when a successor was to be started, if there is one by now. */
static const char *
without_plan(const struct child *life, char *text)
{
	if (life->state == CHILD_STARTING || life->state == CHILD_READY)
		text[strcspn(text, ";")] = '\0';
	return text;
}

/* Why the processes before this one ended, and when the next one is due. */
static void
put_deaths(struct buf_out *out, const struct child *life, uint64_t now_us)
{
	struct json_count causes[CHILD_CAUSES - 1];
	char text[CHILD_TEXT_MAX];
	uint64_t due_us = life->state == CHILD_WAITING ? child_due_ms(life) * 1000 : 0;

	for (unsigned i = 0; i < CHILD_CAUSES - 1; i++)
		causes[i] =
		    (struct json_count){child_cause_name(i + 1), life->causes[i + 1]};
	json_put_u64(out, "restarts", life->spawns > 0 ? life->spawns - 1 : 0);
	json_put_counts(out, "restarts_by", causes, CHILD_CAUSES - 1);
	json_put_u64(out, "failures", life->failures);
	json_put_u64(out, "delay_ms", age_ms(due_us, now_us));
	child_note_text(&life->death, text, sizeof(text));
	json_put_text(out, "last_death", without_plan(life, text));
	json_put_bool(out, "last_core", life->death.dumped);
}

/* What happened to it last; with the file, if that cannot be started. */
static const char *
reason_of(const struct supervisor_child *m, char out[REASON_MAX])
{
	size_t len = 0;

	if (m->life.last.why == CHILD_WHY_SPAWN_FAILED)
		len = (size_t)snprintf(out, REASON_MAX, "%s ", m->path);
	child_note_text(&m->life.last, out + len, REASON_MAX - len);
	return without_plan(&m->life, out);
}

static void
put_child(struct buf_out *out, const struct supervisor_child *m, const char *name,
          uint64_t now_us)
{
	const struct child *life = &m->life;
	struct procfs_use use;
	uint64_t generation = m->said.generation;
	char text[REASON_MAX];
	bool alive = life->pid > 0;

	guise_take(
	    apart_guise(&m->supervisor->apart, m->row)); /* others may not see it */
	use = procfs_read(life->pid);
	guise_drop();
	json_put_next(out);
	buf_put_u8(out, '{');
	json_put_text(out, "name", name);
	json_put_i64(out, "pid", life->pid);
	json_put_text(out, "state", child_state_name(life));
	json_put_text(out, "version", m->said.version);
	/* a larger claim of a child would make the whole answer unreadable for jansson */
	json_put_u64(out, "generation", generation < INT64_MAX ? generation : INT64_MAX);
	json_put_u64(out, "uptime_ms", alive ? age_ms(now_us, m->started_us) : 0);
	procfs_put(out, &use);
	json_put_u64(out, "beat_age_ms",
	             alive ? age_ms(now_us, life->beat_ms * 1000) : 0);
	json_put_text(out, "reason", reason_of(m, text));
	json_put_u64(out, "started_us", m->started_us);
	json_put_u64(out, "ready_us", m->ready_us);
	json_put_bool(out, "active", m->said.active);
	if (m->seat >= 0) {
		json_put_text(out, "instance", m->name);
		json_put_text(out, "program", m->path);
		json_put_text(out, "refused", m->refused);
	}
	json_put_text(out, "status", m->said.status);
	json_put_text(out, "last_error", m->last_error);
	json_put_u64(out, "last_error_age_ms", age_ms(now_us, m->error_us));
	json_put_bool(out, "door", !supervisor_door_is_lost(m));
	put_deaths(out, life, now_us);
	buf_put_u8(out, '}');
}

static void
put_swap(struct buf_out *out, const struct drive *d)
{
	const struct swap *core = &d->core;
	const struct record_program none = {.name = ""};
	uint64_t now_ms = clock_ms();
	bool ends = core->phase == SWAP_PROBATION && core->until_ms > now_ms;

	json_put_key(out, "swap");
	buf_put_u8(out, '{');
	json_put_text(out, "phase", swap_phase_name(core->phase));
	json_put_bool(out, "accepted", d->record.accepted);
	json_put_u64(out, "remaining_ms", ends ? core->until_ms - now_ms : 0);
	drive_put_program(out, "program", &d->programs[core->active]);
	drive_put_program(out, "candidate",
	                  core->seated[1 - core->active] ? &d->programs[1 - core->active]
	                                                 : &none);
	drive_put_program(out, "before", &d->record.before);
	json_put_text(out, "reason", d->reason);
	drive_put_difference(d, out);
	buf_put_u8(out, '}');
}

size_t
supervisor_status_print(struct supervisor *s)
{
	struct notify_counts counts = notify_counts(s->notify);
	const struct json_count drops[] = {
	    {"notices_malformed", counts.malformed},
	    {"notices_of_strangers", counts.strangers},
	};
	const struct supervisor_child *spare =
	    supervisor_seat(s, 1 - s->drive.core.active);
	uint64_t now_us = clock_us();
	struct buf_out out;

	buf_out_init(&out, s->reply, sizeof(s->reply) - 1);
	buf_put_u8(&out, '{');
	self_put(&out, "conclaved", "main", 0);
	json_put_bool(&out, "active", true);
	json_put_key(&out, "processes");
	buf_put_u8(&out, '[');
	put_self(&out, s, now_us);
	for (unsigned i = 0; i < SUPERVISOR_CHILDREN; i++)
		if (is_wanted(s, &s->children[i]))
			put_child(&out, &s->children[i], s->children[i].row->name,
			          now_us);
	if (spare->life.pid > 0)
		put_child(&out, spare, "elector-shadow", now_us);
	buf_put_u8(&out, ']');
	put_swap(&out, &s->drive);
	json_put_bool(&out, "apart", s->apart.is);
	json_put_text(&out, "apart_reason", s->apart.why_not);
	json_put_counts(&out, "drops", drops, 2);
	buf_put_u8(&out, '}');
	return out.bad ? 0 : out.len;
}

void
supervisor_status_summary(const struct supervisor *s, char *out, size_t cap)
{
	char text[REASON_MAX];
	size_t len = 0;

	snprintf(out, cap, "%s", *s->place_error ? s->place_error : "all ready");
	if (*s->place_error)
		return;
	for (unsigned i = 0; i < SUPERVISOR_CHILDREN; i++) {
		const struct supervisor_child *m = &s->children[i];
		const char *state;
		bool says_it;
		int n;

		if (m->life.state == CHILD_READY || !is_wanted(s, m))
			continue;
		reason_of(m, text);
		state = child_state_name(&m->life);
		says_it = strncmp(text, state, strlen(state)) == 0; /* "hung: …" */
		n = snprintf(
		    out + len, cap - len, "%s%s %s%s%s%s%s%s", len > 0 ? "; " : "",
		    m->row->name, state, says_it || text[0] == '\0' ? "" : ": ",
		    says_it ? text + strlen(state) : text, *m->last_error ? " (" : "",
		    m->last_error, *m->last_error ? ")" : "");
		if (n < 0 || (size_t)n >= cap - len)
			return;
		len += (size_t)n;
	}
}
