/* conclaved's status; see report.h. */
#include "supervisor/report.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/version.h"
#include "proc/vital.h"
#include "supervisor/child_text.h"
#include "supervisor/swapper.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REASON_MAX (CONF_PATH_MAX + CHILD_TEXT_MAX)

static uint64_t
age_ms(uint64_t now_us, uint64_t since_us)
{
	return since_us == 0 || since_us > now_us ? 0 : (now_us - since_us) / 1000;
}

static void
put_self(struct buf_out *out, const struct crew *crew, const struct report_self *self,
         uint64_t now_us)
{
	char summary[CHILD_TEXT_MAX * CREW_COUNT];
	const char *state = "starting";

	if (crew_stopping(crew))
		state = "stopping";
	else if (self->ready_us != 0)
		state = "ready";
	report_summary(crew, summary, sizeof(summary));
	buf_put_u8(out, '{');
	json_put_text(out, "name", "conclaved");
	json_put_i64(out, "pid", getpid());
	json_put_text(out, "state", state);
	json_put_text(out, "version", CONCLAVE_VERSION);
	json_put_u64(out, "generation", 0);
	json_put_u64(out, "restarts", 0);
	json_put_u64(out, "uptime_ms", age_ms(now_us, self->started_us));
	vital_put_self(out);
	json_put_text(out, "reason", crew_all_ready(crew) ? "" : summary);
	json_put_u64(out, "started_us", self->started_us);
	json_put_u64(out, "ready_us", self->ready_us);
	buf_put_u8(out, '}');
}

/* Of a successor that lives: what was to follow on the death before it, has. */
static const char *
only_what_was(const struct child *life, char *text)
{
	if (life->state == CHILD_STARTING || life->state == CHILD_READY)
		text[strcspn(text, ";")] = '\0';
	return text;
}

/* Why there were others before it, and what about the next one. */
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
	json_put_text(out, "last_death", only_what_was(life, text));
	json_put_bool(out, "last_core", life->death.dumped);
}

/* What became of it last; of a file that cannot be started, which. */
static const char *
reason_of(const struct crew_member *m, char out[REASON_MAX])
{
	size_t len = 0;

	if (m->life.last.why == CHILD_WHY_SPAWN_FAILED)
		len = (size_t)snprintf(out, REASON_MAX, "%s ", m->path);
	child_note_text(&m->life.last, out + len, REASON_MAX - len);
	return only_what_was(&m->life, out);
}

static void
put_member(struct buf_out *out, const struct crew_member *m, const char *name,
           uint64_t now_us)
{
	const struct child *life = &m->life;
	struct vital_use use = vital_read(life->pid);
	char text[REASON_MAX];
	bool alive = life->pid > 0;

	json_put_next(out);
	buf_put_u8(out, '{');
	json_put_text(out, "name", name);
	json_put_i64(out, "pid", life->pid);
	json_put_text(out, "state", child_state_name(life));
	json_put_text(out, "version", m->said.version);
	json_put_u64(out, "generation", m->said.generation);
	json_put_u64(out, "uptime_ms", alive ? age_ms(now_us, m->started_us) : 0);
	vital_put_use(out, &use);
	json_put_u64(out, "beat_age_ms",
	             alive ? age_ms(now_us, life->beat_ms * 1000) : 0);
	json_put_text(out, "reason", reason_of(m, text));
	json_put_u64(out, "started_us", m->started_us);
	json_put_u64(out, "ready_us", m->ready_us);
	json_put_bool(out, "active", m->said.active);
	if (m->plan->seat >= 0) {
		json_put_text(out, "instance", m->name);
		json_put_text(out, "program", m->path);
	}
	json_put_text(out, "status", m->said.status);
	put_deaths(out, life, now_us);
	buf_put_u8(out, '}');
}

size_t
report_print(const struct crew *crew, const struct swapper *swapper,
             const struct report_self *self, char *text, size_t cap)
{
	const struct json_count drops[] = {
	    {"notices_malformed", crew_malformed(crew)},
	    {"notices_of_strangers", crew_strangers(crew)},
	};
	uint64_t now_us = clock_us();
	struct buf_out out;

	buf_out_init(&out, text, cap);
	buf_put_u8(&out, '{');
	vital_put(&out, "conclaved", "main", 0);
	json_put_bool(&out, "active", true);
	json_put_key(&out, "processes");
	buf_put_u8(&out, '[');
	put_self(&out, crew, self, now_us);
	for (unsigned i = 0; i < CREW_COUNT; i++)
		if (crew_is_wanted(crew, i))
			put_member(&out, crew_member(crew, i),
			           crew_member(crew, i)->plan->name, now_us);
	if (crew_shadow(crew) >= 0)
		put_member(&out, crew_member(crew, (unsigned)crew_shadow(crew)),
		           "elector-shadow", now_us);
	buf_put_u8(&out, ']');
	json_put_key(&out, "swap");
	swapper_print(swapper, &out);
	json_put_counts(&out, "drops", drops, 2);
	buf_put_u8(&out, '}');
	return out.bad ? 0 : out.len;
}

void
report_summary(const struct crew *crew, char *out, size_t cap)
{
	char text[REASON_MAX];
	size_t len = 0;

	snprintf(out, cap, "all ready");
	for (unsigned i = 0; i < CREW_COUNT; i++) {
		const struct crew_member *m = crew_member(crew, i);
		const char *state;
		bool says_it;
		int n;

		if (m->life.state == CHILD_READY || !crew_is_wanted(crew, i))
			continue;
		reason_of(m, text);
		state = child_state_name(&m->life);
		says_it = strncmp(text, state, strlen(state)) == 0; /* "hung: …" */
		n = snprintf(out + len, cap - len, "%s%s %s%s%s", len > 0 ? "; " : "",
		             m->plan->name, state, says_it || text[0] == '\0' ? "" : ": ",
		             says_it ? text + strlen(state) : text);
		if (n < 0 || (size_t)n >= cap - len)
			return;
		len += (size_t)n;
	}
}
