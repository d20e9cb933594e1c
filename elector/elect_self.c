/* What the peer says: serials, replays and answers. */
#include "elector/elect_core.h"

void
elect_self_init(struct elect_self *s, const struct elect_options *options)
{
	s->sid = options->sid;
	s->synced = options->synced;
	s->silent = true;
	s->clock = options->clock;
}

bool
elect_self_looks(const struct elect_self *s)
{
	return !s->silent && s->state == NOTIF_LOOKING;
}

void
elect_self_view(const struct elect_self *s, struct elect_view *out)
{
	*out = (struct elect_view){.synced = s->synced,
	                           .silent = s->silent,
	                           .state = s->state,
	                           .serial = s->serial,
	                           .clock = s->clock,
	                           .proposal = {.leader = -1, .zxid = -1},
	                           .current = s->current};
}

void
elect_self_say_decided(const struct elect_self *s, enum elect_reason reason,
                       struct elect_actions *out)
{
	struct elect_action *a = elect_act(out, ELECT_ACT_DECIDED);

	a->serial = s->decided_serial;
	a->vote = s->decided;
	a->reason = reason;
}

void
elect_self_doubt(const struct elect_self *s, int64_t sid, struct elect_actions *out)
{
	struct elect_action *a = elect_act(out, ELECT_ACT_DOUBT);

	a->sid = sid;
	a->serial = s->serial;
}

static void
serve(struct elect_self *s, const struct vote *v)
{
	s->state = v->state;
	s->clock = v->round;
	s->has_current = true;
	s->current = *v;
}

void
elect_self_decide(struct elect_self *s, const struct vote *v, int32_t state,
                  enum elect_reason reason, struct elect_actions *out)
{
	serve(s, v);
	s->state = state;
	s->current.state = state;
	s->has_decided = true;
	s->decided_serial = s->serial;
	s->decided = s->current;
	elect_self_say_decided(s, reason, out);
}

static bool
is_answered(const struct elect_self *s)
{
	return s->has_decided && msg_serial_compare(&s->decided_serial, &s->serial) == 0;
}

static enum elect_duty
drop(const struct elect_self *s, struct elect_actions *out)
{
	elect_act_drop(out, s->sid, ELECT_REASON_STALE);
	return ELECT_DUTY_NONE;
}

static enum elect_duty
take_look(struct elect_self *s, const struct msg_look *look, struct elect_actions *out)
{
	int order = msg_serial_compare(&look->serial, &s->serial);

	if (order < 0 || (order == 0 && s->told == ELECT_TOLD_ROLE))
		return drop(s, out);
	if (order == 0 && s->told == ELECT_TOLD_LOOK && !s->silent) {
		if (!is_answered(s))
			return drop(s, out);
		elect_self_say_decided(s, ELECT_REASON_REPEATED, out);
		return ELECT_DUTY_NONE;
	}
	s->serial = look->serial;
	s->told = ELECT_TOLD_LOOK;
	s->look = *look;
	s->silent = false;
	if (is_answered(s)) {
		serve(s, &s->decided);
		return ELECT_DUTY_SERVE_DECIDED;
	}
	s->state = NOTIF_LOOKING;
	if (!s->has_current) {
		s->has_current = true;
		s->current = (struct vote){.leader = s->sid,
		                           .zxid = look->zxid,
		                           .round = -1,
		                           .epoch = look->epoch};
	}
	return ELECT_DUTY_LOOK;
}

static bool
is_role(const struct vote *v)
{
	return v->state >= NOTIF_FOLLOWING && v->state <= NOTIF_OBSERVING;
}

static enum elect_duty
take_role(struct elect_self *s, const struct msg_serial *serial, const struct vote *role,
          struct elect_actions *out)
{
	int order = msg_serial_compare(serial, &s->serial);

	if (order < 0 || !is_role(role) ||
	    (order == 0 && (s->told == ELECT_TOLD_LOOK || !s->silent)))
		return drop(s, out);
	s->serial = *serial;
	s->told = ELECT_TOLD_ROLE;
	s->silent = false;
	serve(s, role);
	return ELECT_DUTY_SERVE;
}

/* A look or a role of a replay waits for its end, since an answer or a link that the
 * replay tells later may change what is to be done. */
static void
put_off(struct elect_self *s, const struct elect_event *ev)
{
	bool look = ev->type == ELECT_EV_LOOK;
	const struct msg_serial *serial = look ? &ev->look.serial : &ev->serial;

	if (s->pending != ELECT_TOLD_NOTHING &&
	    msg_serial_compare(serial, &s->pending_serial) < 0)
		return;
	s->pending = look ? ELECT_TOLD_LOOK : ELECT_TOLD_ROLE;
	s->pending_serial = *serial;
	s->pending_look = ev->look;
	s->pending_role = ev->vote;
}

static void
take_decided(struct elect_self *s, const struct elect_event *ev)
{
	if (s->synced || !is_role(&ev->vote) ||
	    (s->has_decided && msg_serial_compare(&ev->serial, &s->decided_serial) <= 0))
		return;
	s->has_decided = true;
	s->decided_serial = ev->serial;
	s->decided = ev->vote;
}

enum elect_duty
elect_self_take(struct elect_self *s, const struct elect_event *ev,
                struct elect_actions *out)
{
	enum elect_told pending = s->pending;
	bool was_synced = s->synced;
	enum elect_duty duty;

	if (ev->type == ELECT_EV_DECIDED) {
		take_decided(s, ev);
		return ELECT_DUTY_NONE;
	}
	if (ev->type == ELECT_EV_LOOK || ev->type == ELECT_EV_ROLE) {
		if (s->synced)
			return ev->type == ELECT_EV_LOOK
			           ? take_look(s, &ev->look, out)
			           : take_role(s, &ev->serial, &ev->vote, out);
		put_off(s, ev);
		return ELECT_DUTY_NONE;
	}
	/* AGAIN, SYNCED, ABSENT: nothing is pending any more */
	s->pending = ELECT_TOLD_NOTHING;
	if (ev->type != ELECT_EV_ABSENT)
		s->synced = ev->type == ELECT_EV_SYNCED;
	if (ev->type == ELECT_EV_AGAIN || (ev->type == ELECT_EV_SYNCED && was_synced))
		return ELECT_DUTY_NONE;
	if (ev->type == ELECT_EV_ABSENT || pending == ELECT_TOLD_NOTHING) {
		s->silent = true;
		return ELECT_DUTY_STOP;
	}
	duty = pending == ELECT_TOLD_LOOK
	           ? take_look(s, &s->pending_look, out)
	           : take_role(s, &s->pending_serial, &s->pending_role, out);
	return duty == ELECT_DUTY_NONE && elect_self_looks(s) ? ELECT_DUTY_RESUME : duty;
}
