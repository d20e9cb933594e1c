/* See run_core.h. */
#include "ctl/run_core.h"

#include "base/exit.h"

#include <string.h>

void
run_init(struct run_core *r, const struct run_config *config)
{
	memset(r, 0, sizeof(*r));
	r->config = *config;
	r->grace_end_ns = UINT64_MAX;
	r->status = -1;
}

uint64_t
run_margin_of(const struct run_config *config, uint64_t span_ns)
{
	uint64_t margin = span_ns / (config->unit ? 3 : 10);
	uint64_t most = config->unit ? RUN_MARGIN_UNIT_NS : RUN_MARGIN_MAX_NS;

	if (config->margin_ns)
		return config->margin_ns;
	if (margin < RUN_MARGIN_MIN_NS)
		return RUN_MARGIN_MIN_NS;
	return margin > most ? most : margin;
}

uint64_t
run_margin_ns(const struct run_core *r)
{
	return run_margin_of(&r->config, r->span_ns);
}

/* `before` ns before the kill; 0 where that is before the boot. */
static uint64_t
before_kill(const struct run_core *r, uint64_t before)
{
	uint64_t all = run_margin_ns(r) + before;

	return r->end_ns > all ? r->end_ns - all : 0;
}

static void
leave(struct run_core *r, int status, struct run_actions *out)
{
	r->state = RUN_OVER;
	out->let_go = true;
	out->exit = true;
	out->status = status;
}

static void
kill_all(struct run_core *r, uint64_t now_ns, struct run_actions *out)
{
	out->kill = true;
	r->state = RUN_KILLING;
	r->kill_step_ns = RUN_KILL_MIN_NS;
	r->kill_again_ns = now_ns + r->kill_step_ns;
}

static void
end_term(struct run_core *r, enum run_reason reason)
{
	if (r->reason == RUN_NONE)
		r->reason = reason;
}

/* Asks in order: it has its grace, and no longer than the lease. */
static void
ask(struct run_core *r, enum run_reason reason, uint64_t now_ns, struct run_actions *out)
{
	end_term(r, reason);
	if (r->state != RUN_RUNNING)
		return;
	out->terminate = true;
	r->state = RUN_STOPPING;
	r->grace_end_ns = now_ns + r->config.grace_ns;
}

static void
look_at_time(struct run_core *r, uint64_t now_ns, struct run_actions *out)
{
	switch (r->state) {
	case RUN_RUNNING:
	case RUN_STOPPING:
		if (now_ns >= before_kill(r, 0)) {
			end_term(r, RUN_LOST);
			kill_all(r, now_ns, out);
		} else if (now_ns >= r->grace_end_ns) {
			kill_all(r, now_ns, out);
		} else if (r->state == RUN_RUNNING && r->config.warn_ns &&
		           now_ns >= before_kill(r, r->config.warn_ns)) {
			/* the time that is left is that of the lease */
			ask(r, RUN_LOST, now_ns, out);
			r->grace_end_ns = UINT64_MAX;
		}
		break;
	case RUN_KILLING:
		if (now_ns < r->kill_again_ns)
			break;
		out->kill = true;
		if (r->kill_step_ns < RUN_KILL_MAX_NS)
			r->kill_step_ns *= 2;
		r->kill_again_ns = now_ns + r->kill_step_ns;
		break;
	case RUN_WAITING:
		if (r->config.wait_ns && r->wait_end_ns == 0)
			r->wait_end_ns = now_ns + r->config.wait_ns;
		if (r->wait_end_ns && now_ns >= r->wait_end_ns)
			leave(r, EXIT_AGAIN, out);
		break;
	case RUN_OVER:
		break;
	}
}

static void
start(struct run_core *r, const struct run_event *ev, struct run_actions *out)
{
	uint64_t left = ev->end_ns > ev->now_ns ? ev->end_ns - ev->now_ns : 0;
	uint64_t needs;

	if (ev->end_ns <= r->before_ns)
		left = 0;
	if (left > r->span_ns)
		r->span_ns = left;
	needs = 2 * run_margin_ns(r) + r->config.warn_ns;
	if (left <= needs) {
		/* What is left may be the end of a lease: a whole one is as long as any.
		 */
		out->too_short = r->span_ns > 0 && r->span_ns <= needs && !r->said_short;
		r->said_short |= out->too_short;
		return;
	}
	out->start = true;
	r->state = RUN_RUNNING;
	r->epoch = ev->epoch;
	r->end_ns = ev->end_ns;
}

/* The epoch grows under the same leader, too: where members change, or a disk is new.
 * While the lease that was read before lasts, nobody else can have led (S3). */
static bool
leads_on(const struct run_core *r, const struct run_event *ev)
{
	return ev->end_ns > 0 && (ev->epoch == r->epoch ||
	                          (ev->epoch > r->epoch && ev->now_ns < r->end_ns));
}

/* After the warning the term is over, though the lease may come back; after a request in
 * order the lease is what the grace needs. */
static void
grow(struct run_core *r, uint64_t end_ns)
{
	if (end_ns > r->end_ns && !(r->state == RUN_STOPPING && r->reason == RUN_LOST))
		r->end_ns = end_ns;
}

/* The guard let the command live by it while the runner was stopped. */
static void
take_over(struct run_core *r, const struct run_event *ev)
{
	if (ev->seen_epoch <= r->epoch)
		return;
	r->epoch = ev->seen_epoch;
	grow(r, ev->seen_end_ns);
}

static void
on_lease(struct run_core *r, const struct run_event *ev, struct run_actions *out)
{
	if (ev->lease_ns > r->span_ns)
		r->span_ns = ev->lease_ns;
	if (r->state == RUN_WAITING) {
		start(r, ev, out);
		return;
	}
	if (r->state != RUN_RUNNING && r->state != RUN_STOPPING)
		return;
	take_over(r, ev);
	if (!leads_on(r, ev)) {
		end_term(r, RUN_LOST);
		kill_all(r, ev->now_ns, out);
		return;
	}
	r->epoch = ev->epoch;
	grow(r, ev->end_ns);
	if (r->end_ns == ev->end_ns && ev->end_ns > ev->now_ns + r->span_ns)
		r->span_ns = ev->end_ns - ev->now_ns;
	look_at_time(r, ev->now_ns, out);
}

/* The term is over, and nothing of the command lives. */
static void
on_empty(struct run_core *r, struct run_actions *out)
{
	int status = r->status >= 0 ? r->status : 128 + 9;
	bool again = r->config.again && !r->signal;
	struct run_core before;

	switch (r->reason) {
	case RUN_LOST:
	case RUN_WANTED:
		status = r->signal ? status : EXIT_AGAIN;
		break;
	case RUN_UNGUARDED:
		break;
	case RUN_NONE:
	case RUN_ENDED:
	case RUN_SIGNALLED:
		again = false;
		break;
	}
	if (!again) {
		leave(r, status, out);
		return;
	}
	out->let_go = true;
	before = *r;
	run_init(r, &before.config);
	r->span_ns = before.span_ns;
	r->said_short = before.said_short;
	r->before_ns = before.end_ns;
}

static void
on_signal(struct run_core *r, const struct run_event *ev, struct run_actions *out)
{
	r->signal = ev->signal;
	if (r->state == RUN_WAITING)
		leave(r, 128 + ev->signal, out);
	else
		ask(r, RUN_SIGNALLED, ev->now_ns, out);
}

static void
on_dead(struct run_core *r, const struct run_event *ev, struct run_actions *out)
{
	if (r->state == RUN_WAITING)
		return;
	r->status = ev->status;
	if (r->reason == RUN_NONE)
		r->killed_by = ev->signal;
	end_term(r, RUN_ENDED);
	if (r->state != RUN_KILLING)
		kill_all(r, ev->now_ns, out);
}

void
run_step(struct run_core *r, const struct run_event *ev, struct run_actions *out)
{
	memset(out, 0, sizeof(*out));
	if (r->state == RUN_OVER)
		return;
	switch (ev->type) {
	case RUN_EV_LEASE:
		on_lease(r, ev, out);
		break;
	case RUN_EV_WANTED:
		if (r->state == RUN_WAITING)
			out->let_go = true;
		else
			ask(r, RUN_WANTED, ev->now_ns, out);
		break;
	case RUN_EV_SIGNAL:
		on_signal(r, ev, out);
		break;
	case RUN_EV_UNSTARTED:
		if (r->state == RUN_RUNNING)
			r->state = RUN_WAITING;
		break;
	case RUN_EV_DEAD:
		on_dead(r, ev, out);
		break;
	case RUN_EV_EMPTY:
		if (r->state == RUN_KILLING)
			on_empty(r, out);
		break;
	case RUN_EV_UNGUARDED:
		if (r->state == RUN_RUNNING || r->state == RUN_STOPPING) {
			end_term(r, RUN_UNGUARDED);
			kill_all(r, ev->now_ns, out);
		}
		break;
	case RUN_EV_TIME:
		look_at_time(r, ev->now_ns, out);
		break;
	}
}

uint64_t
run_due_ns(const struct run_core *r)
{
	uint64_t due;

	switch (r->state) {
	case RUN_RUNNING:
		return before_kill(r, r->config.warn_ns);
	case RUN_STOPPING:
		due = before_kill(r, 0);
		return r->grace_end_ns < due ? r->grace_end_ns : due;
	case RUN_KILLING:
		return r->kill_again_ns;
	case RUN_WAITING:
		return r->wait_end_ns ? r->wait_end_ns : UINT64_MAX;
	case RUN_OVER:
		break;
	}
	return UINT64_MAX;
}
