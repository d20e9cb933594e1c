/* The operations of the peer's core on its state (role_state.h), for peer/role*.c and for
 * tests that look inside. Each file calls only those below it:
 *
 *   role → role_idle → role_lead, role_follow, role_bare → role_handover, role_resume →
 *        role_offer → role_change → role_look → role_demote, role_limit, role_lease →
 *        role_promise → role_epoch, role_link →
 *        role_members → role_act
 *
 * and role_said, which only reads. */
#ifndef PEER_ROLE_IMPL_H
#define PEER_ROLE_IMPL_H

#include "peer/role_state.h"

/* What a mode does about an event; NULL: nothing. Most of these may change the mode. */
struct role_ops {
	void (*start)(struct role *r, const struct role_event *ev,
	              struct role_actions *out);
	/* The election has answered our last look. */
	void (*decided)(struct role *r, const struct role_event *ev,
	                struct role_actions *out);
	/* The elector doubts the leader of our role. */
	void (*doubt)(struct role *r, struct role_actions *out);
	/* A link of the election lane changed. */
	void (*election)(struct role *r, struct role_actions *out);
	/* Why connections of learners are closed as they come up; NONE: they are not. */
	enum role_close refuses;
	/* The connection stands that role_connect asked for. NULL: it was dialled ahead.
	 */
	void (*link_up)(struct role *r, struct role_remote *p, struct role_actions *out);
	/* A learner has a new link, and its info is in it. */
	void (*joined)(struct role *r, struct role_remote *p, struct role_actions *out);
	/* `was_up`: the link was in use, else an attempt to connect failed. */
	void (*link_down)(struct role *r, const struct role_remote *p, bool was_up,
	                  enum msg_reason reason, struct role_actions *out);
	/* role_may_stand changed, with our port, our disk or our membership. */
	void (*stand)(struct role *r, struct role_actions *out);
	/* Over an open link. */
	void (*packet)(struct role *r, struct role_remote *p, const struct role_event *ev,
	               struct role_actions *out);
	/* A write succeeded. Where this is set, one that fails makes us look again. */
	void (*written)(struct role *r, struct role_actions *out);
	void (*due)(struct role *r, struct role_actions *out);
	uint64_t (*due_ms)(const struct role *r);
	/* The link to connmgr ended; it is back. */
	void (*lost)(struct role *r, struct role_actions *out);
	void (*again)(struct role *r, struct role_actions *out);
	/* NULL: ROLE_ELECTION */
	enum role_phase (*phase)(const struct role *r);
	/* Our file is another. */
	void (*file)(struct role *r, struct role_actions *out);
};

/* role_idle.c */
extern const struct role_ops role_new_ops;
extern const struct role_ops role_halted_ops;
extern const struct role_ops role_stalled_ops;
extern const struct role_ops role_looking_ops;
extern const struct role_ops role_waiting_ops;

extern const struct role_ops role_follow_ops;
extern const struct role_ops role_lead_ops;
extern const struct role_ops role_bare_ops;

void role_follow_start(struct role *r, struct role_actions *out);
void role_lead_start(struct role *r, struct role_actions *out);
/* Of an established leader: is there a link that was silent for sync_limit, or is its
 * patience over? Closes such links; `silent`: one has just ended. True: so has the term.
 */
bool role_lead_is_late(const struct role *r, uint64_t now_ms);
bool role_lead_expire(struct role *r, bool silent, struct role_actions *out);
/* Takes up the term handover.resumes (R7). */
void role_lead_resume(struct role *r, struct role_actions *out);
void role_bare_start(struct role *r, struct role_actions *out);
/* In any mode: a link of the election lane changed. */
void role_bare_note(struct role_remote *p, const struct role_event *ev);

/* role_look.c: we are established with `epoch`. */
void role_establish(struct role *r, int64_t epoch, struct role_actions *out);
/* Looks with a new serial; sends the last look again, which the elector
 * answers as before. */
void role_look(struct role *r, struct role_actions *out);
void role_send_look(struct role *r, struct role_actions *out);
/* Who has not stood for long enough stands again. */
void role_look_due(struct role *r, struct role_actions *out);
uint64_t role_look_due_ms(const struct role *r);
/* Ends the role: closes every learner link and looks, now or after a wait. */
void role_look_again(struct role *r, enum msg_look_reason reason, bool gave_up,
                     struct role_actions *out);
/* role_said.c: the view, but for the phase. */
void role_fill_view(const struct role *r, enum role_phase phase, struct role_view *out);
/* What is shown of the looks while no leader is established. */
void role_look_view(const struct role *r, struct role_view *out);
/* Ends the role since the link to connmgr ended. */
void role_lost(struct role *r, struct role_actions *out);

/* role_demote.c: begins and ends demotions. `judge` looks at the role that ends now, for
 * the reason that is given; `look` decides about the look that begins. */
void role_demote_judge(struct role *r, enum msg_look_reason reason);
void role_demote_look(struct role *r, const struct role_actions *out);
/* We are established, as a leader or as a follower. */
void role_demote_end(struct role *r);

/* role_limit.c: the largest epoch that a quorum says it has promised; UNKNOWN: no quorum
 * has reported. */
#define ROLE_EPOCH_UNKNOWN (-1)
int64_t role_limit_quorum(const struct role *r);
/* Does what we promised lie too far ahead of that? */
void role_limit_judge(struct role *r);
/* `p` says that it has promised `epoch`. */
void role_limit_report(struct role *r, struct role_remote *p, int64_t epoch);
/* May a leader take a report of `epoch`, above `base`? `spend`: it has. */
bool role_limit_takes(const struct role *r, int64_t base, int64_t epoch, uint64_t now_ms);
void role_limit_spend(struct role *r, int64_t base, int64_t epoch, uint64_t now_ms);
/* We keep `p` out, or no longer do so; the leader, at `epoch`, keeps us out; it does not.
 */
void role_limit_keep_out(struct role *r, const struct role_remote *p, uint64_t now_ms);
void role_limit_let_in(struct role *r, const struct role_remote *p);
void role_limit_kept_out(struct role *r, int64_t epoch);
void role_limit_clear(struct role *r);

/* role_members.c: who counts, for whom (rules N1 to N9 of docs/MEMBERSHIP.md). */
/* Our record, as it is on the disk or being written: N5, "reported". */
const struct members_record *role_record(const struct role *r);
bool role_has_record(const struct role *r);
/* The version that counts: of old while it is joint; 0: there is no record. */
int64_t role_version(const struct members_record *record);
/* Are we no voter, as far as we know? Without a record our file says so. */
bool role_observes(const struct role *r);
/* May a server lead by its sid; may we, by our instance, with this record? Without a
 * record we may as a founder. */
bool role_sid_may_lead(const struct role *r, int64_t sid);
/* A voter of the new membership of a joint record alone, or of neither: who has an older
 * record does not elect it. */
bool role_is_newcomer(const struct members_record *record, int64_t sid);
/* Of servers that claim the same, is `a` elected before `b`? (docs/ELECTION.md, section
 * Priority) */
bool role_is_preferred(const struct role *r, int64_t a, int64_t b);
bool role_is_member_of(const struct role *r, const struct members_record *record);
bool role_may_found(const struct role *r);
/* By sid alone, of our record or else of our file: what was said before any instance
 * was. */
bool role_is_quorum_of_sids(const struct role *r, const int64_t *sids, unsigned count);
/* Are we and those remotes of which `has` is true a quorum of old and of new, or of the
 * file? A remote whose instance is known counts with that one only. `all`: are they all
 * voters? */
typedef bool role_has(const struct role *r, const struct role_remote *p);
bool role_is_quorum(const struct role *r, const struct members_record *record,
                    role_has *has);
bool role_is_all(const struct role *r, const struct members *m, role_has *has);
bool role_is_quorum_of_file(const struct role *r, role_has *has);
bool role_is_all_of_file(const struct role *r, role_has *has);
void role_members_init(struct role *r);
/* That server leads a newer membership than ours: we may have to link it. */
void role_members_see(struct role *r, int64_t sid);
/* Of a leader: this learner has acknowledged, or is gone. Is it one that was removed? */
void role_members_part(struct role *r, const struct role_remote *p);
/* The remotes follow the file, the record and the leader's membership; pushes MEMBERS.
 * At the end of a step, since it moves remotes. */
void role_members_settle(struct role *r, struct role_actions *out);

/* role_change.c: the leader's founding, changes and readmissions (N3, N4, N6 to N8). */
void role_change_start(struct role *r);
/* Takes the record of a learner if it is newer than all that we know. TAKEN: propose
 * anew if something was promised; UNFIT: we are no voter of it. */
enum role_adoption { ROLE_ADOPT_NOTHING, ROLE_ADOPT_TAKEN, ROLE_ADOPT_UNFIT };
enum role_adoption role_change_adopt(struct role *r, const struct members_record *record);
/* Have all founders promised, with equal files and without a record? Then `adopted` is
 * the membership of the founding. */
bool role_change_found(struct role *r, role_has *has_promised);
/* Begins a change that can begin: true, propose it. */
bool role_change_begin(struct role *r, const struct role_actions *out);
/* The joint step is established: the second is to be proposed. */
void role_change_leave(struct role *r);
/* True: the change in its first renewal is given up; propose what was before. */
bool role_change_give_up(struct role *r, const struct role_actions *out);
uint64_t role_change_due_ms(const struct role *r);
/* What a change would lead to, and who keeps it waiting: returns how many. `t` is then a
 * change that need not wait for them, or what is in force. */
unsigned role_change_target(const struct role *r, struct members *t, uint64_t now_ms,
                            int64_t missing[MEMBERS_MAX]);
/* N6: so often a server is taken in again within ten minutes. */
#define ROLE_READMITS 3
/* How often `sid` was taken in again within ten minutes, as far as we led or followed. */
unsigned role_change_readmits(const struct role *r, int64_t sid, uint64_t now_ms);
/* Our leader brings `pair`, which is not in our record yet: counts whom it takes in
 * again, so that the next leader goes on counting. */
void role_change_follow(struct role *r, const struct members_record *pair,
                        uint64_t now_ms);

/* role_offer.c: of a leader. Is there a link? */
bool role_is_live(const struct role *r, const struct role_remote *p);
/* May we lead with those of whom this is true? A founding takes all voters. */
bool role_is_enough(const struct role *r, role_has *has);
/* Have enough promised, and acknowledged, what we propose? */
bool role_is_promised(struct role *r);
bool role_is_acked(const struct role *r);
/* What no server's report has to lift our epoch to. */
int64_t role_base_epoch(const struct role *r);
/* Keeps out who promised too much. False: our own promise lies too far ahead, and we look
 * again, as one that does not stand. */
bool role_sieve_all(struct role *r, struct role_actions *out);
/* When what waits for the end of a promise, or of a lease, can go on (R3, R4). */
uint64_t role_opens_ms(const struct role *r);
/* LEADERINFO, with our timing (N14). */
void role_send_info(const struct role *r, const struct role_remote *p, int64_t epoch,
                    struct role_actions *out);
/* The deadlines begin now; the next one. */
void role_set_deadlines(struct role *r, const struct role_actions *out);
uint64_t role_deadline_ms(const struct role *r);
/* Does what `p` promised before stand in the way of what we propose? */
bool role_is_above(const struct role *r, const struct role_remote *p);
/* Until then `p` counts, without having acknowledged. */
uint64_t role_joined_ms(const struct role *r, const struct role_remote *p);
/* Is our quorum not with us, or no longer? */
bool role_is_deserted(struct role *r, uint64_t now_ms);
/* LEADERINFO, NEWLEADER or UPTODATE with `epoch` to each learner whose turn it is. */
void role_send_all(struct role *r, int32_t type, int64_t epoch, struct role_actions *out);

/* role_promise.c: rules R2, R4 and R6 of docs/LEASE.md. START gives what was remembered.
 */
void role_lease_start(struct role *r, const struct role_event *ev,
                      struct role_actions *out);
/* R4: 0: we may acknowledge NEWLEADER `epoch` of `sid`, or as a leader be established;
 * else until when we may not. */
uint64_t role_lease_gate(const struct role *r, int64_t sid, int64_t epoch,
                         uint64_t now_ms);
/* Until when do we withhold our ACK, or wait ourselves? 0: we do not. */
uint64_t role_lease_withheld(const struct role *r, uint64_t now_ms);
/* Somebody withholds for `ms`: until then; the deadline that follows from it. */
uint64_t role_lease_until(uint64_t ms, const struct role_actions *out);
uint64_t role_lease_extended(const struct role *r, uint64_t ms,
                             const struct role_actions *out);
/* Of a follower: a PING of the leader, and then our answer to it (R2); the bound is on
 * the disk, so that what was asked for can be promised. */
void role_lease_heard(struct role *r, const struct qpacket *ping,
                      struct role_actions *out);
void role_lease_answer(struct role *r, struct role_actions *out);
void role_lease_bound(struct role *r, struct role_actions *out);
/* R5, at a follower: `sid` has released its epochs up to `epoch`. */
void role_lease_released(struct role *r, int64_t sid, int64_t epoch,
                         struct role_actions *out);
/* R6 (b): may we promise `ms`? If not, the bound is being written. */
bool role_promise_may(struct role *r, uint32_t ms, struct role_actions *out);
/* R2: our slot, which must be stored then. */
void role_promise_make(struct role *r, int64_t sid, int64_t epoch, uint64_t end_ms);
void role_promise_store(const struct role *r, struct role_actions *out);

/* role_lease.c: rules R1, R3 and R10. HOLDS, CONFIRM, CLOCK. */
void role_lease_event(struct role *r, const struct role_event *ev,
                      struct role_actions *out);
/* PINGs `p`, and says when the next one is due. May that be as late as `ms`? */
void role_ping(struct role *r, struct role_remote *p, struct role_actions *out);
bool role_ping_has_peace(const struct role *r, uint64_t ms);
/* What a learner answers. */
void role_lease_answered(struct role *r, struct role_remote *p,
                         const struct qpacket *ping, struct role_actions *out);
/* Whoever withholds, ourselves included: the term waits as long (R4). */
void role_lease_wait(struct role *r, const struct role_actions *out);
/* R3: has a quorum of `new` promised for as long as a lease was ever published? */
bool role_lease_covers(struct role *r, const struct members *new, uint64_t now_ms);
/* We are established as the leader (R6: led); the role has ended. */
void role_lease_led(struct role *r, struct role_actions *out);
void role_lease_ended(struct role *r, struct role_actions *out);
/* R5, at the leader: page, memory, own promise, in this order. */
void role_lease_end(struct role *r, struct role_actions *out);
/* At the end of each step. */
void role_lease_settle(struct role *r, struct role_actions *out);
uint64_t role_lease_due_ms(const struct role *r);

/* role_handover.c: rules R5 and R9. STEP_DOWN begins to release; the role ends when the
 * holders have let go. HOLDS, CONFIRM and CLOCK go on to role_lease.c. */
void role_handover_event(struct role *r, const struct role_event *ev,
                         struct role_actions *out);
/* The holders have changed, or time has passed. */
void role_handover_advance(struct role *r, struct role_actions *out);
/* A PING of our leader. True: it was a RELEASE or a TRANSFER, which nobody answers. */
bool role_handover_packet(struct role *r, const struct qpacket *ping,
                          struct role_actions *out);
/* What people are told of R5 and R7 to R9. */
void role_handover_view(const struct role *r, struct role_lease_view *out);
/* R9: somebody is established, so that we may stand again. */
void role_handover_established(struct role *r);
/* Some time of ours has passed: role_may_stand may have changed. */
void role_handover_due(struct role *r, struct role_actions *out);
uint64_t role_handover_due_ms(const struct role *r);

/* role_resume.c: rules R7 and R8. True: a term is to be resumed, with the vote that is
 * announced already; role_lead_resume comes next. */
bool role_resume_start(struct role *r, struct role_actions *out);
/* Somebody has promised more than the epoch that we take up again, which is then an
 * ordinary proposal. */
void role_resume_give_up(struct role *r, const struct role_actions *out);
/* A leader whose quorum was lost by links that ended, or by the loss of connmgr. True: it
 * stays, until handover.patient_ms, or until too many voters look. */
bool role_resume_leader(struct role *r, struct role_actions *out);
/* As the leader: is the term over? `silent`: a link was. */
bool role_resume_is_over(struct role *r, bool silent, const struct role_actions *out);
/* Is such a leader, or one that resumes, to stay? */
bool role_resume_waits(const struct role *r, uint64_t now_ms);
/* `p` has a new link. Who acknowledged may be the quorum again. We are established. */
void role_resume_joined(struct role_remote *p);
void role_resume_acked(struct role *r);
void role_resume_established(struct role *r);
/* That voter looks in a higher round than ours. */
void role_resume_voter_looks(struct role *r, int64_t sid, struct role_actions *out);
/* A follower whose link to an established leader ended (was_up), or whose attempt to dial
 * it again failed; connmgr is lost. True: it stays, until handover.patient_ms. */
bool role_resume_follower(struct role *r, enum msg_reason reason, bool was_up,
                          struct role_actions *out);
bool role_resume_lost(struct role *r, struct role_actions *out);
/* Has the leader's whole server been found gone, a moment ago? */
bool role_resume_is_refused(const struct role *r, uint64_t now_ms);
/* connmgr is back: announces the role again, which stayed; dials the leader again. */
void role_resume_again(struct role *r, struct role_actions *out);
void role_resume_synced(struct role *r, struct role_actions *out);
void role_resume_redial(struct role *r, struct role_actions *out);
uint64_t role_resume_redial_ms(const struct role *r);

/* role_epoch.c: one write at a time, never of a smaller epoch; what is wanted meanwhile
 * is in the next one. */
void role_epochs_start(struct role *r, const struct role_record *record);
void role_epochs_want_accepted(struct role *r, int64_t epoch, struct role_actions *out);
/* With it goes the record of the members. */
void role_epochs_want_current(struct role *r, int64_t epoch,
                              const struct members_record *members,
                              struct role_actions *out);
/* R6 (b): at most one lease of `ms` in this boot, or none that is longer. */
void role_epochs_want_bound(struct role *r, uint32_t ms, struct role_actions *out);
/* Is that epoch, with its memberships, on the disk as the current one? */
bool role_epochs_recorded(const struct role *r, int64_t epoch);
/* N11: gives up the record, and may found a group. */
void role_epochs_refound(struct role *r, struct role_actions *out);
void role_epochs_claim(struct role *r, int64_t claim, struct role_actions *out);
/* Forgets the epochs that are wanted, not those whose write was started. */
void role_epochs_drop(struct role *r);
/* False: the write that failed had an epoch in it, or one was waiting for it. */
bool role_epochs_written(struct role *r, int error, struct role_actions *out);
/* Has the write in progress, of whatever, taken longer than init_limit? */
bool role_epochs_hang(const struct role *r, uint64_t now_ms);
/* By then the write in progress must be done, if an epoch is in it or waits for it. */
uint64_t role_epochs_due_ms(const struct role *r);
/* From then on such a write is too slow to lead with. */
uint64_t role_epochs_slow_ms(const struct role *r);
void role_epochs_slow(struct role *r);
/* The record is written again then, since the last write failed. */
uint64_t role_epochs_retry_ms(const struct role *r);
void role_epochs_retry(struct role *r, struct role_actions *out);

/* role_act.c: the leaves, which push actions, find, send, close and compare. */
struct role_action *role_act(struct role_actions *out, enum role_action_type type);
void role_take_config(struct role *r, const struct role_config *config);
uint64_t role_ticks(const struct role *r, uint64_t ticks); /* in ms */
void role_timing_reset(struct role *r);                    /* to our own */

/* Tells the elector our role, with a new serial. */
void role_announce(struct role *r, struct role_actions *out);

/* Could we lead at all? A server that could not votes as if it had nothing, so that
 * nobody elects it; it counts in quorums like any other. */
bool role_may_stand(const struct role *r);
/* What stands in the way of a leader or a promise here: of the view. */
enum role_reason role_reason(const struct role *r);
bool role_is_same_view(const struct role_view *a, const struct role_view *b);
/* Is (epoch, zxid) more than the other pair? */
bool role_is_fresher(int64_t epoch, int64_t zxid, int64_t than_epoch, int64_t than_zxid);
/* What the end of a link, or a failed attempt, says about the remote. */
enum role_loss {
	/* Nothing: never tried, or ended by us. */
	ROLE_LOSS_OLD,
	/* An attempt failed, or nothing answers any more. */
	ROLE_LOSS_FAILED,
	/* The link was up and ended. */
	ROLE_LOSS_ENDED,
};
enum role_loss role_loss(enum msg_reason reason);

struct role_remote *role_remote(struct role *r, int64_t sid); /* NULL: none */
const struct role_remote *role_find_remote(const struct role *r, int64_t sid);
/* Does that server speak our protocol, or a later one? */
bool role_takes_protocol(struct role *r, int64_t sid, int32_t protocol);
/* Over the link. Returns the packet, which has no data yet. */
struct role_packet *role_send(struct role_actions *out, const struct role_remote *p,
                              int32_t type, int64_t zxid);

/* role_link.c: which connection is the learner link. */
bool role_is_open(const struct role_remote *p); /* There is a link. */
/* Closes all that there is of a remote. */
void role_close_remote(struct role_remote *p, enum role_close why,
                       struct role_actions *out);
/* Closes the link. A newcomer beside it is the link then: nobody calls `joined`. */
void role_close(struct role_remote *p, enum role_close why, struct role_actions *out);
/* Closes all that connmgr has of all remotes, and stops dialling; but not what was
 * dialled ahead to `spared`, or is being dialled. NULL: nothing is spared. */
void role_close_all(struct role *r, const struct role_remote *spared, enum role_close why,
                    struct role_actions *out);
void role_connect(struct role_remote *p, struct role_actions *out);
/* Makes the connection that was dialled ahead the link; false: there is none. */
bool role_use_ahead(struct role_remote *p, struct role_actions *out);
/* Closes what was dialled ahead, and stops dialling. */
void role_close_ahead(struct role_remote *p, enum role_close why,
                      struct role_actions *out);
/* connmgr has closed everything, and its links of the election lane are not known. */
void role_links_forget(struct role *r, uint64_t now_ms);

/* What an event about a connection means. */
enum role_turn {
	/* Nothing for the mode. */
	ROLE_TURN_NONE,
	/* The dialled connection is the link. */
	ROLE_TURN_STANDS,
	/* No connection could be dialled. */
	ROLE_TURN_FAILED,
	/* The link has ended. */
	ROLE_TURN_ENDED,
	/* A connection that was accepted is the link now. */
	ROLE_TURN_JOINED,
	/* The packet came over the link. */
	ROLE_TURN_PACKET,
};

enum role_turn role_link_up(struct role_remote *p, const struct role_event *ev,
                            const struct role_ops *ops, struct role_actions *out);
enum role_turn role_link_down(struct role_remote *p, uint64_t number,
                              struct role_actions *out);
/* PACKET, or BAD_PACKET. */
enum role_turn role_link_packet(struct role *r, struct role_remote *p,
                                const struct role_event *ev, struct role_actions *out);
/* A newcomer has waited long enough: JOINED. */
enum role_turn role_link_due(struct role_remote *p, struct role_actions *out);
uint64_t role_link_due_ms(const struct role *r);

#endif
