/* Handing leadership over by a request, or since this process is to stop (R9 of
 * docs/LEASE.md); and the question whether we lead (R10). */
#include "base/clock.h"
#include "base/exit.h"
#include "base/log.h"
#include "peer/shell.h"
#include "wire/qaddr.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FOR_MAX_MS 600000
#define ANSWER_MAX 128
/* What was sent last is on its way to connmgr. */
#define LINGER_US        20000
#define STOP_ACCURACY_US 1000
#define NOT_ACTIVE       "the peer became active anew; ask again"
#define HANDING_OVER     "this server is handing its leadership over already; ask again"

/* The next of the words from `*at` on, as a number; false: there is none. */
static bool
take_number(const char **at, int64_t max, int64_t *out)
{
	const char *word = *at + strspn(*at, " ");
	size_t len = strcspn(word, " \n");

	*at = word + len;
	return len > 0 && qaddr_unsigned((struct qaddr_text){word, len}, 10, max, out);
}

/* One request at a time. Returns why not; NULL: the answer comes when it is done. */
static const char *
step_down(struct peer *p, struct door_conn *c, const char *reason,
          const struct role_event *ev)
{
	if (!p->started)
		return *p->why ? p->why : "the peer is not active yet; ask again";
	if (p->stepping)
		return HANDING_OVER;
	p->stepping = true;
	p->stepper = c;
	p->stop_reason = reason;
	gate_push(&p->gate, ev);
	return NULL;
}

static bool
is_end(const char *at)
{
	return at[strspn(at, " \n")] == '\0';
}

const char *
peer_step_down(struct peer *p, struct door_conn *c, const char *words)
{
	int64_t for_ms = 0;

	if (!is_end(words) &&
	    (!take_number(&words, FOR_MAX_MS, &for_ms) || !is_end(words)))
		return "step-down may name a time of at most 600000 ms";
	return step_down(
	    p, c, "step-down",
	    &(struct role_event){.type = ROLE_EV_STEP_DOWN, .for_ms = (uint64_t)for_ms});
}

const char *
peer_transfer(struct peer *p, struct door_conn *c, const char *words)
{
	int64_t sid, for_ms = 0;

	if (!take_number(&words, INT64_MAX, &sid) ||
	    (!is_end(words) && !take_number(&words, FOR_MAX_MS, &for_ms)) ||
	    !is_end(words))
		return "transfer names a server, and may name a time of at most 600000 "
		       "ms";
	return step_down(p, c, "transfer",
	                 &(struct role_event){.type = ROLE_EV_STEP_DOWN,
	                                      .targeted = true,
	                                      .sid = sid,
	                                      .for_ms = (uint64_t)for_ms});
}

static const char *
why_not_stepped(int error)
{
	switch (-error) {
	case EALREADY:
		return "this server does not lead";
	case ENOENT:
		return "that server does not follow this one";
	case EPERM:
		return "that server may not lead";
	case ECANCELED:
		return NOT_ACTIVE;
	default:
		return HANDING_OVER;
	}
}

/* Who was asked and has not let go in time holds no longer: R5 (2) waits for the last end
 * that it could read, and what came with its cgroup.kill is killed then. */
static int
on_release_due(sd_event_source *source, uint64_t usec, void *user)
{
	struct peer *p = user;
	char oldest[HOLD_TEXT_MAX];

	(void)source;
	(void)usec;
	if (p->stepping && !p->stopping && holds_count(p->holds) > 0) {
		holds_oldest(p->holds, oldest);
		log_warning("%s has not let go within hold_stop_ms (%" PRIu32
		            " ms): %u holds are ended, and their lease is waited for",
		            oldest, p->conf->supervisor.hold_stop_ms,
		            holds_break(p->holds));
	}
	return 0;
}

/* No hold may keep a release for ever. */
void
peer_ask_holders(struct peer *p)
{
	uint64_t most_us = p->conf->supervisor.hold_stop_ms * UINT64_C(1000);
	int r = 0;

	holds_ask(p->holds, p->stop_reason ? p->stop_reason : "step-down");
	p->release_due_ms = clock_ms() + p->conf->supervisor.hold_stop_ms;
	if (!p->release_timer)
		r = sd_event_add_time(p->loop, &p->release_timer, CLOCK_BOOTTIME,
		                      UINT64_MAX, STOP_ACCURACY_US, on_release_due, p);
	if (r >= 0)
		r = sd_event_source_set_time_relative(p->release_timer, most_us);
	if (r >= 0)
		r = sd_event_source_set_enabled(p->release_timer, SD_EVENT_ONESHOT);
	if (r < 0)
		log_err("there is no timer for the release, which waits for all who "
		        "hold: %s",
		        strerror(-r));
}

void
peer_stepped(struct peer *p, int error)
{
	struct door_conn *c = p->stepper;

	p->stepping = false;
	p->stepper = NULL;
	if (p->release_timer)
		(void)sd_event_source_set_enabled(p->release_timer, SD_EVENT_OFF);
	if (error == 0)
		log_notice("leadership is released: %s", p->stop_reason);
	if (c && error == 0)
		peer_grant(p, c);
	else if (c)
		peer_refuse(p, c, why_not_stepped(error));
	if (p->stopping) {
		uplink_flush(p->uplink);
		sd_event_source_set_time_relative(p->stop_timer, LINGER_US);
		sd_event_source_set_enabled(p->stop_timer, SD_EVENT_ONESHOT);
	}
}

/* Returns why not; NULL: it is answered, or will be. */
const char *
peer_confirm(struct peer *p, struct door_conn *c)
{
	if (p->question_count == PEER_QUESTIONS_MAX)
		return "too many ask; ask again";
	p->questions[p->question_count++] =
	    (struct peer_question){++p->question_number, c};
	if (p->started)
		gate_push(&p->gate, &(struct role_event){.type = ROLE_EV_CONFIRM,
		                                         .number = p->question_number});
	else
		peer_confirmed(p, p->question_number, false);
	return NULL;
}

void
peer_confirmed(struct peer *p, uint64_t number, bool leads)
{
	struct role_view view = p->view;
	struct door_conn *c = NULL;
	char text[ANSWER_MAX];
	int len;

	for (unsigned i = 0; i < p->question_count; i++)
		if (p->questions[i].number == number) {
			c = p->questions[i].conn;
			p->questions[i] = p->questions[--p->question_count];
			break;
		}
	if (!c)
		return;
	if (p->role)
		role_get_view(p->role, &view);
	len = snprintf(text, sizeof(text), "{\"leads\":%s,\"epoch\":%" PRId64 "}",
	               leads ? "true" : "false", view.epoch);
	peer_reply(p, c, text, (size_t)len);
}

void
peer_handover_gone(struct peer *p, const struct door_conn *c)
{
	if (p->stepper == c)
		p->stepper = NULL;
	for (unsigned i = 0; i < p->question_count; i++)
		if (p->questions[i].conn == c)
			p->questions[i].conn = NULL;
}

/* The core that owed the answers goes. */
void
peer_handover_cancel(struct peer *p)
{
	if (p->stepping)
		peer_stepped(p, -ECANCELED);
	while (p->question_count > 0)
		peer_confirmed(p, p->questions[0].number, false);
	if (!p->stopping)
		holds_allow(p->holds);
}

/* Waits on, or ends the process. Who holds has hold_stop_ms. The release has nine tenths
 * of stop_ms once nobody holds: then who started us ends us. */
static void
wait_for_release(struct peer *p)
{
	uint64_t now_us = clock_us();
	uint64_t stop_us = p->conf->supervisor.stop_ms * UINT64_C(1000);
	unsigned held = holds_count(p->holds);

	if (held > 0 && now_us < p->stop_hold_us) {
		p->stop_due_us = now_us + stop_us / 10 * 9;
		if (p->stop_due_us > p->stop_hold_us)
			p->stop_due_us = p->stop_hold_us;
		proc_extend(p->proc, p->conf->supervisor.stop_ms);
	}
	if (p->stepping && now_us < p->stop_due_us) {
		uint64_t wait_us = p->stop_due_us - now_us;

		sd_event_source_set_time_relative(
		    p->stop_timer, wait_us < stop_us / 4 ? wait_us : stop_us / 4);
		sd_event_source_set_enabled(p->stop_timer, SD_EVENT_ONESHOT);
		return;
	}
	if (p->stepping)
		log_warning("stopping without a release: %u hold and have not let go in "
		            "time; until the lease ends no other server leads",
		            held);
	proc_exit(p->proc, EXIT_OK);
}

static int
on_stop_timer(sd_event_source *source, uint64_t usec, void *user)
{
	(void)source;
	(void)usec;
	wait_for_release(user);
	return 0;
}

/* The release comes first. A second signal ends the process at once. */
void
peer_stop(void *self)
{
	static const char stopping[] = "stopping";
	struct peer *p = self;
	const struct role_event ev = {.type = ROLE_EV_STEP_DOWN};
	uint64_t now_us = clock_us();

	if (p->stopping || !p->view.active ||
	    sd_event_add_time(p->loop, &p->stop_timer, CLOCK_BOOTTIME, UINT64_MAX,
	                      STOP_ACCURACY_US, on_stop_timer, p) < 0) {
		proc_exit(p->proc, EXIT_OK);
		return;
	}
	p->stopping = true;
	p->stop_hold_us = now_us + p->conf->supervisor.hold_stop_ms * UINT64_C(1000);
	p->stop_due_us = now_us + p->conf->supervisor.stop_ms * UINT64_C(900);
	if (p->stepping) /* the holders have been asked, and are told that it is urgent */
		holds_ask(p->holds, stopping);
	else if (step_down(p, NULL, stopping, &ev)) {
		proc_exit(p->proc, EXIT_OK);
		return;
	}
	if (p->stepping)
		wait_for_release(p); /* else it is released, and lingers */
}
