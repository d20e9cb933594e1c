/* What we ourselves are, for both cores (elect and attach): the newest look or role that
 * the peer told us, what waits for the end of a replay, our answer to the peer, and what
 * we say to others outside an election. Rules: docs/ELECTION.md, "What the peer says". */
#ifndef ELECTOR_ELECT_SELF_H
#define ELECTOR_ELECT_SELF_H

#include "elector/elect_act.h"

enum elect_told { ELECT_TOLD_NOTHING, ELECT_TOLD_LOOK, ELECT_TOLD_ROLE };

struct elect_self {
	int64_t sid;
	bool synced;
	bool silent;
	/* what `serial` belongs to */
	enum elect_told told;
	struct msg_serial serial;
	struct msg_look look;

	/* the newest look or role of the replay that is running */
	enum elect_told pending;
	struct msg_serial pending_serial;
	struct msg_look pending_look;
	struct vote pending_role;

	/* the last answer to a look, ours or that of the elector before us */
	bool has_decided;
	struct msg_serial decided_serial;
	struct vote decided;

	/* ZooKeeper's; state is enum notif_state, clock is logicalclock */
	int32_t state;
	int64_t clock;
	bool has_current;
	struct vote current;
};

/* What the core has to do then. */
enum elect_duty {
	ELECT_DUTY_NONE,
	/* begin to look */
	ELECT_DUTY_LOOK,
	/* stop looking: there is a role */
	ELECT_DUTY_SERVE,
	/* likewise, and say the decision again that led to it */
	ELECT_DUTY_SERVE_DECIDED,
	/* stop looking: we are silent */
	ELECT_DUTY_STOP,
};

void elect_self_init(struct elect_self *s, const struct elect_options *options);
/* Takes AGAIN, SYNCED, LOOK, DECIDED, ROLE and ABSENT. */
enum elect_duty elect_self_take(struct elect_self *s, const struct elect_event *ev,
                                struct elect_actions *out);
/* The newest look ends with `v`, in `state`. */
void elect_self_decide(struct elect_self *s, const struct vote *v, int32_t state,
                       enum elect_reason reason, struct elect_actions *out);
void elect_self_say_decided(const struct elect_self *s, enum elect_reason reason,
                            struct elect_actions *out);
/* The leader of our role is in doubt. */
void elect_self_doubt(const struct elect_self *s, struct elect_actions *out);
/* Fills what does not depend on the core. */
void elect_self_view(const struct elect_self *s, struct elect_view *out);

#endif
