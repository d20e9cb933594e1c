/* The peer's shell. Messages of connmgr and ends of writes become events of the core
 * (role.h) and pass one gate (proc/gate.h); the core's actions become messages, writes,
 * and events for who watches. The files call downwards only:
 *
 *   shell.c        opens all, steps each event, arms the timer, takes messages
 *   shell_apply.c  carries out the core's actions
 *   shell_members.c tells connmgr and the elector who the members are
 *   shell_door.c   the requests at the control socket
 *   shell_hold.c   of these, those of who holds
 *   shell_handover.c  and those that hand leadership over
 *   shell_answer.c how requests are answered
 *   shell_file.c   keeps the members that the configuration file lists
 *   shell_watch.c  tells who watches
 *   shell_clock.c  watches the rates of the clocks
 *   shell_lease.c  what outlives this process in run_dir: the page, the memory
 *   shell_start.c  reads the record once we are active
 *   status.c       the answers, as JSON and as a sentence
 *   status_members.c  what they say of memberships */
#ifndef PEER_SHELL_H
#define PEER_SHELL_H

#include "base/boot.h"
#include "base/histogram.h"
#include "base/page.h"
#include "config/conf.h"
#include "ipc/door.h"
#include "ipc/pub.h"
#include "ipc/uplink.h"
#include "peer/drift.h"
#include "peer/epoch.h"
#include "peer/hold.h"
#include "peer/memory.h"
#include "peer/role.h"
#include "proc/gate.h"
#include "proc/proc.h"
#include "view/members_text.h"
#include "wire/members.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#define PEER_WHY_MAX     (PATH_MAX + EPOCH_WHY_MAX)
#define PEER_REFUSED_MAX sizeof(((struct conf_error *)0)->text)
/* of an event: the sentence, and the servers that are missing */
#define PEER_MEMBERS_MAX (2 * MEMBERS_SENTENCE_MAX)
/* with HOLD_MAX it leaves room at the door for questions */
#define PEER_WATCHERS_MAX  48
#define PEER_QUESTIONS_MAX 32
#define PEER_HOLDS_MAX     32

struct peer_counters {
	uint64_t packets_in;
	uint64_t packets_out;
	uint64_t packets_refused;
	uint64_t links_closed;
	uint64_t looks;
	uint64_t decided;
	uint64_t leader_changes;
	uint64_t writes;
	uint64_t writes_failed;
};

/* Who asked whether we lead. */
struct peer_question {
	uint64_t number;
	/* NULL: the asker has left */
	struct door_conn *conn;
};

struct peer {
	const struct conf *conf;
	const char *name;
	struct proc *proc;
	sd_event *loop;
	struct gate gate;
	sd_event_source *timer;
	/* for a start that failed */
	sd_event_source *retry;
	struct uplink *uplink;
	struct door *door;
	struct epoch *epochs;
	/* since when the record is being read; 0: it is not */
	uint64_t read_ms;
	/* The core owes the answer to a claim; whose, NULL: the asker has left. */
	bool claiming;
	struct door_conn *claimer;
	/* who waits for the end of a refounding; NULL: nobody, or the asker has left */
	bool refounding;
	struct door_conn *refounder;
	/* The core owes the answer to a step-down, for this reason; whose, NULL: of
	 * nobody, or the asker has left. */
	bool stepping;
	struct door_conn *stepper;
	const char *stop_reason;
	/* Then the holds that are left are ended; NULL: none was ever to be. */
	sd_event_source *release_timer;
	uint64_t release_due_ms;
	/* The core owes the answers to these. */
	unsigned question_count;
	struct peer_question questions[PEER_QUESTIONS_MAX];
	uint64_t question_number;
	struct holds *holds;
	/* Open from the first start of a core on. */
	struct boot boot;
	struct peer_memory memory;
	struct page_writer page;
	/* HOLDS waits in the gate. */
	bool holds_pushed;
	struct drift drift;
	sd_event_source *clock_timer;
	/* This process is to stop; the timer ends it at the latest. */
	bool stopping;
	sd_event_source *stop_timer;
	/* Until when it waits for who holds, and for the release. */
	uint64_t stop_hold_us;
	uint64_t stop_due_us;
	/* peer_close: nobody is told anything any more. */
	bool closing;
	/* NULL: they are not published */
	struct pub *events;
	unsigned watcher_count;
	struct door_conn *watchers[PEER_WATCHERS_MAX];
	sd_event_source *beat_timer;
	/* what they were told last has the end of a lease */
	bool beat_leased;
	/* data_dir/peer */
	char folder[CONF_PATH_MAX + 8];

	/* What the file lists that was taken over last, and the addresses in it. */
	struct members file;
	struct members_hints file_hints;
	/* Where servers may be reached: by the file, else by what others told or the
	 * record has. They are kept with the record. */
	struct members_hints hints;
	/* How many reloads there were, and why the last one was refused; "": it was not.
	 */
	uint64_t reloads;
	char refused[PEER_REFUSED_MAX];
	/* NULL: we are a shadow, which does nothing. */
	struct role *role;
	/* What the core told of members last; current NULL: nothing yet. What it points
	 * to is in the core. */
	struct role_told told;
	struct role_actions todo;
	/* attached and synced once */
	bool ready;
	/* This core has had the replay, has its record, waits for the end of a write. */
	bool synced;
	bool started;
	bool writing;
	/* The record needs a person. */
	bool damaged;
	/* Why the record cannot be used; "": it can, or is being read. */
	char why[PEER_WHY_MAX];
	/* Why this server is one with a new disk, until it has a membership; "": it is
	 * not. */
	char anew[PEER_WHY_MAX];

	/* what was published last, and when */
	struct role_view view;
	struct role_members_view seen;
	uint64_t view_us;
	/* When we began to look for a leader; 0: we do not. */
	uint64_t look_us;
	/* While there is no leader: since when, from our start on. */
	uint64_t looking_us;
	/* from then to the established leader */
	struct histogram establish;
	/* the last leader in this process's life */
	bool had_leader;
	int64_t last_leader;
	struct peer_counters counters;
};

/* Knocks at connmgr's door and opens ours. Borrowed until peer_close: conf, name, proc.
 * 0 or -errno after a message. Large: keep `self`, a struct peer, static, and so
 * zero-filled. */
int peer_open(void *self, const struct conf *conf, const char *name, struct proc *proc);
void peer_close(void *self);

/* Keeps the members of `file`. 0; -EINVAL: no membership is like this, and nothing has
 * changed. */
int peer_take_file(struct peer *p, const struct conf *file);
/* Tells connmgr and the elector; and what was told last once more, since an address has
 * changed, or connmgr has forgotten it. */
void peer_tell_members(struct peer *p, const struct role_told *told);
void peer_tell_members_again(struct peer *p);
/* Of struct msg_where. */
void peer_take_where(struct peer *p, const struct msg_where *m);
/* The addresses of the file go before those that others told. */
void peer_prefer_file(struct peer *p);
/* of struct serve */
void peer_reloaded(void *self, const struct conf *file, const char *why);

/* Lets the core do what is due: after a stop of this process requests may be heard before
 * the timer. */
void peer_catch_up(struct peer *p);
void peer_apply(struct peer *p); /* p->todo, in order */
/* Tells who started us that we are ready, and what we are. */
void peer_say(struct peer *p);
/* Tells all who watch, the log, and who started us. */
void peer_publish(struct peer *p, const struct role_view *view);

/* Who does not read is closed; but one that holds loses this answer, and not its hold. */
void peer_reply(struct peer *p, struct door_conn *c, const char *text, size_t len);
void peer_refuse(struct peer *p, struct door_conn *c, const char *why);
/* It may be asked again, soon. */
void peer_refuse_for_now(struct peer *p, struct door_conn *c, const char *why);
void peer_grant(struct peer *p, struct door_conn *c); /* with `{"ok":true}` */

/* Requests: they return why not; NULL: answered, or to be answered. */
const char *peer_hold(struct peer *p, struct door_conn *c, const char *name);
const char *peer_kills(struct peer *p, struct door_conn *c, const char *number);
const char *peer_let_go(struct peer *p, struct door_conn *c);
void peer_hold_gone(struct peer *p, struct door_conn *c);
/* The core has started: it is told who holds. */
void peer_hold_started(struct peer *p);
/* Of HOLDS, when it is stepped. */
void peer_hold_fill(struct peer *p, struct role_event *ev);

const char *peer_step_down(struct peer *p, struct door_conn *c, const char *words);
const char *peer_transfer(struct peer *p, struct door_conn *c, const char *words);
const char *peer_confirm(struct peer *p, struct door_conn *c);
/* The core's answers. */
void peer_stepped(struct peer *p, int error);
/* The release has begun: who holds is asked, and has hold_stop_ms to let go. */
void peer_ask_holders(struct peer *p);
void peer_confirmed(struct peer *p, uint64_t number, bool leads);
void peer_handover_gone(struct peer *p, const struct door_conn *c);
/* The core that owes answers goes. */
void peer_handover_cancel(struct peer *p);
/* of struct serve */
void peer_stop(void *self);

int peer_door_open(struct peer *p); /* 0 or -errno */
void peer_door_close(struct peer *p);
/* Answers who waits for a claim, or a refounding, if somebody does: 0 or -errno. */
void peer_door_claimed(struct peer *p, int64_t claim, int error);
void peer_door_refounded(struct peer *p, int error);

int peer_watch_open(struct peer *p); /* 0 or -errno */
void peer_watch_close(struct peer *p);
const char *peer_watch(struct peer *p, struct door_conn *c, const char *words);
/* Tells all who watch where we stand; and, after each event, that a lease has begun. */
void peer_watch_tell(struct peer *p);
void peer_watch_settle(struct peer *p);
void peer_watch_gone(struct peer *p, const struct door_conn *c);

int peer_clock_open(struct peer *p); /* 0 or -errno */
/* The core has started: it is told if the clocks differ. */
void peer_clock_started(struct peer *p);

/* Opens the page and the memory, if they are not open: 0, or -errno, and `why`. */
int peer_lease_open(struct peer *p, char *why, size_t cap);
void peer_lease_close(struct peer *p); /* both stay as they are */
/* Fills in what START says of them; its record is there. */
void peer_lease_recall(struct peer *p, struct role_event *start);
/* Done when these return. */
void peer_lease_remember(struct peer *p, const struct role_memory *memory);
void peer_lease_publish(struct peer *p, const struct role_page *page);
/* What a holder must know of the page and the lease. */
void peer_lease_put(const struct peer *p, struct buf_out *out);

/* Begins to read the record for the core, if it may have it: we are active and synced,
 * and no write of ours is under way. */
void peer_try_start(struct peer *p);
/* of struct epoch_ops: gives it to the core. */
void peer_on_read(void *user, int result, const struct role_record *record,
                  const struct members_hints *hints, const char *why);

/* Why there can be no leader or no promise here; "" if nothing stands in the way. */
const char *peer_reason(const struct peer *p, char *out, size_t cap);
void peer_line(const struct peer *p, char *out, size_t cap); /* what we are, as text */
/* As JSON (docs/DOORS.md): the length, 0 if it does not fit. */
size_t peer_event(const struct peer *p, bool beat, char *out, size_t cap);
/* Until when we may act, by CLOCK_BOOTTIME; 0: there is no lease. */
uint64_t peer_lease_end_ms(const struct peer *p);
bool peer_resumes(const struct peer *p); /* R7 of docs/LEASE.md */
/* The members `lease_ms` and `lease`. */
void peer_put_lease(struct buf_out *out, const struct peer *p);
/* The member `members`; `whole`: as it is now, with the record. */
void peer_put_members(struct buf_out *out, const struct peer *p, bool whole);
/* Takes what is to be said of memberships from the core, and logs what is new. True: it
 * is another than before, and who watches must be told. */
bool peer_see_members(struct peer *p);
size_t peer_status(const struct peer *p, char *out, size_t cap);
size_t peer_claimed(int64_t claim, char *out, size_t cap);

#endif
