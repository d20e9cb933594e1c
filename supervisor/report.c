/* conclaved's status; see report.h. */
#include "supervisor/report.h"

#include "base/clock.h"
#include "base/version.h"
#include "supervisor/child_text.h"
#include "supervisor/swapper.h"
#include "supervisor/usage.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void
report_put_string(struct buf_out *out, const char *text)
{
	buf_put_u8(out, '"');
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			buf_put_text(out, "\\%c", c);
		else if (c < 0x20)
			buf_put_text(out, "\\u%04x", c);
		else
			buf_put_u8(out, c);
	}
	buf_put_u8(out, '"');
}

static void
put_pair(struct buf_out *out, const char *key, const char *text)
{
	buf_put_text(out, ",\"%s\":", key);
	report_put_string(out, text);
}

static void
put_number(struct buf_out *out, const char *key, uint64_t value)
{
	buf_put_text(out, ",\"%s\":%" PRIu64, key, value);
}

static uint64_t
age_ms(uint64_t now_us, uint64_t since_us)
{
	return since_us == 0 || since_us > now_us ? 0 : (now_us - since_us) / 1000;
}

static void
put_usage(struct buf_out *out, pid_t pid)
{
	struct usage use = usage_read(pid);

	put_number(out, "rss_kb", use.rss_kb);
	put_number(out, "cpu_ms", use.cpu_ms);
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
	buf_put_text(out, "{\"name\":\"conclaved\",\"pid\":%d", (int)getpid());
	put_pair(out, "state", state);
	put_pair(out, "version", CONCLAVE_VERSION);
	put_number(out, "generation", 0);
	put_number(out, "restarts", 0);
	put_number(out, "uptime_ms", age_ms(now_us, self->started_us));
	put_usage(out, getpid());
	put_number(out, "beat_age_ms", 0);
	put_pair(out, "reason", crew_all_ready(crew) ? "" : summary);
	put_number(out, "started_us", self->started_us);
	put_number(out, "ready_us", self->ready_us);
	buf_put_text(out, "}");
}

static void
put_member(struct buf_out *out, const struct crew_member *m, const char *name,
           uint64_t now_us)
{
	const struct child *life = &m->life;
	char text[CHILD_TEXT_MAX];
	bool alive = life->pid > 0;

	buf_put_text(out, ",{\"name\":\"%s\",\"pid\":%d", name, life->pid);
	put_pair(out, "state", child_state_name(life));
	put_pair(out, "version", m->said.version);
	put_number(out, "generation", m->said.generation);
	put_number(out, "restarts", life->spawns > 0 ? life->spawns - 1 : 0);
	put_number(out, "uptime_ms", alive ? age_ms(now_us, m->started_us) : 0);
	put_usage(out, life->pid);
	put_number(out, "beat_age_ms", alive ? age_ms(now_us, life->beat_ms * 1000) : 0);
	child_note_text(&life->last, text, sizeof(text));
	put_pair(out, "reason", text);
	put_number(out, "started_us", m->started_us);
	put_number(out, "ready_us", m->ready_us);
	buf_put_text(out, ",\"active\":%s", m->said.active ? "true" : "false");
	if (m->plan->seat >= 0) {
		put_pair(out, "instance", m->name);
		put_pair(out, "program", m->path);
	}
	put_pair(out, "status", m->said.status);
	child_note_text(&life->death, text, sizeof(text));
	put_pair(out, "last_death", text);
	buf_put_text(out, "}");
}

size_t
report_print(const struct crew *crew, const struct swapper *swapper,
             const struct report_self *self, char *out, size_t cap)
{
	uint64_t now_us = clock_us();
	struct buf_out json;

	buf_out_init(&json, out, cap);
	buf_put_text(&json, "{\"who\":\"conclaved\",\"name\":\"main\",\"pid\":%d",
	             (int)getpid());
	put_pair(&json, "version", CONCLAVE_VERSION);
	buf_put_text(&json, ",\"generation\":0,\"active\":true");
	put_number(&json, "uptime_ms", age_ms(now_us, self->started_us));
	buf_put_text(&json, ",\"processes\":[");
	put_self(&json, crew, self, now_us);
	for (unsigned i = 0; i < CREW_COUNT; i++)
		if (crew_is_wanted(crew, i))
			put_member(&json, crew_member(crew, i),
			           crew_member(crew, i)->plan->name, now_us);
	if (crew_shadow(crew) >= 0)
		put_member(&json, crew_member(crew, (unsigned)crew_shadow(crew)),
		           "elector-shadow", now_us);
	buf_put_text(&json, "],\"swap\":");
	swapper_print(swapper, &json);
	buf_put_text(&json,
	             ",\"counters\":{\"notices_malformed\":%" PRIu64
	             ",\"notices_of_strangers\":%" PRIu64 "}}",
	             crew_malformed(crew), crew_strangers(crew));
	return json.bad ? 0 : json.len;
}

void
report_summary(const struct crew *crew, char *out, size_t cap)
{
	char text[CHILD_TEXT_MAX];
	size_t len = 0;

	snprintf(out, cap, "all ready");
	for (unsigned i = 0; i < CREW_COUNT; i++) {
		const struct crew_member *m = crew_member(crew, i);
		int n;

		if (m->life.state == CHILD_READY || !crew_is_wanted(crew, i))
			continue;
		child_note_text(&m->life.last, text, sizeof(text));
		n = snprintf(out + len, cap - len, "%s%s %s%s%s", len > 0 ? "; " : "",
		             m->plan->name, child_state_name(&m->life),
		             text[0] != '\0' ? ": " : "", text);
		if (n < 0 || (size_t)n >= cap - len)
			return;
		len += (size_t)n;
	}
}
