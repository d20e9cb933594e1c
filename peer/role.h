/* The peer's pure core: what this server is. It asks for an election, takes the elected
 * server through Zab's phases, and says "leading" or "following" only when a quorum has
 * durably promised the epoch (docs/DESIGN.md, "peer"). An event goes in, actions come
 * out, and there is one deadline; the shell carries out the actions in their order.
 * Rules R1 to R11 are those of docs/LEASE.md. */
#ifndef PEER_ROLE_H
#define PEER_ROLE_H

#include "ipc/msg.h"
#include "wire/members.h"
#include "wire/members_packet.h"
#include "wire/notif.h"
#include "wire/qpacket.h"

#include <stdbool.h>
#include <stdint.h>

#define ROLE_LEARNERS_MAX (2 * MEMBERS_MAX)
/* Questions (R10) that may wait at one time; one more is answered no. */
#define ROLE_QUESTIONS_MAX 128
/* Of each learner: what its turn is, and three PINGs (its turn, a lease, a question). */
#define ROLE_ACTIONS_MAX (9 * ROLE_LEARNERS_MAX + ROLE_QUESTIONS_MAX + 48)
#define ROLE_EPOCH_MAX   INT32_MAX /* the wire has room for no larger epoch */
/* How far one server may lift the epoch beyond what a quorum reports, in one minute. */
#define ROLE_JUMP_MAX (1 << 20)

struct role;

/* When a leader asks for a lease (R1). */
enum role_lease_mode { ROLE_LEASE_AUTO, ROLE_LEASE_ALWAYS, ROLE_LEASE_OFF };

/* Of a promise after a reboot or a lost memory: no one is known, so that it binds towards
 * everybody (R6). */
#define ROLE_SID_UNKNOWN (-1)

/* Until end_ms this server helps nobody but `sid` to lead (R2). end_ms 0: no promise. */
struct role_promise {
	int64_t sid;
	int64_t epoch;
	uint64_t end_ms;
};

/* R6 (a): what outlives the process and not the machine. All 0: nothing. */
struct role_memory {
	struct role_promise promise;
	/* While it leads, established: the epoch, and the vote with its round; else
	 * epoch 0. */
	struct {
		int64_t epoch;
		struct vote vote;
	} led;
	/* The largest end that was published in this boot. */
	uint64_t published_ms;
};

/* What programs read of the lease (base/page.h). end_ms 0: there is none. */
struct role_page {
	int64_t epoch;
	uint64_t end_ms;
};

#define ROLE_BOOT_LEN 16

/* R6 (b): the longest lease that was ever promised, and in which boot. ms 0: none. */
struct role_bound {
	uint32_t ms;
	unsigned char boot[ROLE_BOOT_LEN];
};

struct role_config {
	int64_t sid;
	/* False: the role is what the election says, without epochs. */
	bool zab;
	uint32_t tick_ms;
	uint32_t init_limit; /* ticks */
	uint32_t sync_limit; /* ticks */
	enum role_lease_mode lease;
	uint32_t lease_ms;
	/* a follower promises no more */
	uint32_t lease_max_ms;
	uint32_t resume_ms;
	uint32_t drift_percent;
	/* What our configuration file says. Borrowed by role_new only. */
	const struct members *file;
};

/* What this server keeps on its disk, as one. */
struct role_record {
	/* The largest epoch that it promised; of the last leader that it followed. */
	int64_t accepted;
	int64_t current;
	/* the zxid of its votes, not negative */
	int64_t claim;
	/* of this data_dir */
	struct members_instance instance;
	/* A person has said that no group is left: this server may found one, whatever
	 * the version of its file. */
	bool may_found;
	struct role_bound bound;
	/* It counts from the start of its write on. */
	struct members_record members;
};

/* What the elector and connmgr must know: in whom to count, and whom to link. What its
 * pointers point to is borrowed until the next step. */
struct role_told {
	/* There is no record: whoever leads may be followed (N9). */
	bool joins;
	/* What counts, and what is to count beside it while a change is under way (NULL:
	 * nothing). */
	const struct members *current;
	const struct members *last_seen;
	/* All whom we may need a link to, us among them. */
	unsigned count;
	const int64_t *sids;
};

/* Each with the members of struct role_event that it uses. */
enum role_event_type {
	/* We are active: generation, record; or unusable. */
	ROLE_EV_START,
	/* claim: CLAIMED answers when it is on the disk; it counts from the next look on.
	 * No other may wait for its answer. */
	ROLE_EV_CLAIM,
	/* serial, vote. Without zab it may come again, with another epoch. */
	ROLE_EV_DECIDED,
	/* serial, sid */
	ROLE_EV_DOUBT,
	/* sid, lane, link, reason; of the learner lane number, dialled: as in struct
	 * msg_remote. The first packet of a connection that was accepted follows at once.
	 */
	ROLE_EV_REMOTE,
	/* open: can others reach our quorum port? They can until this says no. */
	ROLE_EV_PORT,
	/* sid, number, packet */
	ROLE_EV_PACKET,
	/* sid, number: the frame that came was no packet. */
	ROLE_EV_BAD_PACKET,
	/* error: the write in progress has ended. */
	ROLE_EV_WRITTEN,
	ROLE_EV_DUE,
	/* Our link to connmgr ended, and with it every learner link; it is back; what
	 * happens to connections is told from now on. */
	ROLE_EV_LOST,
	ROLE_EV_AGAIN,
	ROLE_EV_SYNCED,
	/* file: our configuration file says something else. */
	ROLE_EV_FILE,
	/* sid: it leads, says one of its followers. Who has no record may need it (N9).
	 */
	ROLE_EV_WHERE,
	/* A person gives up our record (N11): REFOUNDED answers, once. */
	ROLE_EV_REFOUND,
	/* holds, broken */
	ROLE_EV_HOLDS,
	/* R9. targeted, sid: to whom, for_ms: how long we do not stand (0: as R9 has
	 * it). STEPPED answers, once. */
	ROLE_EV_STEP_DOWN,
	/* R10. number: CONFIRMED answers with it, once. */
	ROLE_EV_CONFIRM,
	/* open: do our clocks agree within drift_percent? They do until this says no. */
	ROLE_EV_CLOCK,
};

struct role_event {
	enum role_event_type type;
	uint64_t now_ms;
	int64_t sid;
	uint64_t generation;
	/* as on the disk; all 0 on a fresh server */
	struct role_record record;
	int64_t claim;
	/* The record cannot be read: we take no role until another START. */
	bool unusable;
	struct msg_serial serial;
	struct vote vote;
	enum msg_lane lane;
	enum msg_link link;
	enum msg_reason reason;
	uint64_t number;
	bool dialled;
	bool open;
	/* Borrowed for the call, as the next three. */
	const struct qpacket *packet;
	/* of an ACKEPOCH: what it says of memberships, beside the answer */
	const struct members_report *report;
	struct qpacket_ackepoch answer;
	/* of a NEWLEADER: its memberships, old and new */
	const struct members_record *pair;
	const struct members *file;
	/* 0 or -errno */
	int error;
	/* Of START: what was remembered; until unknown_ms (0: not) nothing is known of
	 * what was promised; this boot. */
	struct role_memory memory;
	uint64_t unknown_ms;
	unsigned char boot[ROLE_BOOT_LEN];
	/* How many hold now; one has ended without a word since the last HOLDS. */
	unsigned holds;
	bool broken;
	bool targeted;
	uint64_t for_ms;
};

enum role_phase { ROLE_ELECTION, ROLE_DISCOVERY, ROLE_SYNCHRONIZATION, ROLE_BROADCAST };

/* Why we close a learner link. */
enum role_close {
	ROLE_CLOSE_NONE,
	ROLE_CLOSE_ENDED,
	/* We have decided, and are not the leader that the remote takes us for. */
	ROLE_CLOSE_OTHERWISE,
	ROLE_CLOSE_SILENT,
	ROLE_CLOSE_UNEXPECTED,
	/* A frame was no packet, or a field was out of range. */
	ROLE_CLOSE_BAD,
	/* Our epochs are unusable, or zab is off and there are no learners. */
	ROLE_CLOSE_NO_ROLE,
	/* It promised an epoch that lies too far beyond what a quorum reports. */
	ROLE_CLOSE_TOO_HIGH,
	/* Another connection of this server is the link, and alive. */
	ROLE_CLOSE_BESIDE,
	/* That server speaks an older protocol than we do. */
	ROLE_CLOSE_OLDER,
	/* It is in no membership that we know any more. */
	ROLE_CLOSE_NO_MEMBER,
};

/* Why there can be no leader or no promise here. */
enum role_reason {
	ROLE_REASON_NONE,
	/* The record cannot be used; the shell knows why. */
	ROLE_REASON_EPOCHS,
	/* The record cannot be written. */
	ROLE_REASON_WRITE,
	/* No larger epoch fits into 31 bits. */
	ROLE_REASON_USED_UP,
	ROLE_REASON_PORT,
	/* What we promised lies too far beyond the epoch of the others. */
	ROLE_REASON_AHEAD,
	/* Another server speaks an older protocol, and is refused. */
	ROLE_REASON_OLDER,
};

/* What people and programs are told. */
struct role_view {
	/* enum notif_state: LOOKING until the leader is established */
	int32_t state;
	enum role_phase phase;
	bool has_leader;
	int64_t leader;
	/* of the last established leader that this core saw; it never falls */
	int64_t epoch;
	/* of the last decided vote; a change of it alone is no event */
	int64_t round;
	/* We lead, and are established. */
	bool active;
	enum role_reason reason;
	/* of the write that `reason` names: -errno; 0: it has lasted since since_ms */
	int error;
	uint64_t since_ms;
	/* ROLE_REASON_AHEAD: what we promised, and what the others are at; else 0. */
	int64_t promised;
	int64_t others;
	/* the server that ROLE_REASON_OLDER means */
	int64_t older;
	/* While no leader is established: why we looked last, and whom the election named
	 * (has_tried: it has named one), now or, in the phase `election`, the last time;
	 * and how the learner link to that server failed or ended, NONE: it did not. */
	enum msg_look_reason look;
	bool has_tried;
	int64_t tried;
	enum msg_reason link;
	/* Our vote is that of a demoted server, or will be (docs/ELECTION.md, section
	 * "Who should not lead"); how often we were elected and no quorum came, since the
	 * last established leader. A change of these alone is no event. */
	bool demoted;
	unsigned deserted;
};

struct role_packet {
	int32_t type;
	int64_t zxid;
	/* Its data, but for an ACKEPOCH and a NEWLEADER. Length 0: none. */
	unsigned char data[20];
	uint8_t data_len;
	/* Of an ACKEPOCH: what is its data, else NULL. Borrowed until the next step, as
	 * `pair`. */
	const struct members_report *report;
	struct qpacket_ackepoch answer;
	/* Of a NEWLEADER, else NULL. */
	const struct members_record *pair;
};

/* Each with the members of struct role_action that it uses; CONNECT and DISCONNECT are
 * for the learner lane. */
enum role_action_type {
	/* look */
	ROLE_ACT_LOOK,
	/* role */
	ROLE_ACT_ROLE,
	/* The elector must be silent until the next LOOK. */
	ROLE_ACT_ABSENT,
	/* sid, number, packet */
	ROLE_ACT_SEND,
	/* sid */
	ROLE_ACT_CONNECT,
	/* sid, number (0: the attempt to connect), close */
	ROLE_ACT_DISCONNECT,
	/* sid, number: this connection is the link now. */
	ROLE_ACT_TAKE,
	/* write: the whole record, borrowed until exactly one WRITTEN answers it. */
	ROLE_ACT_WRITE,
	/* claimed: the answer to CLAIM. */
	ROLE_ACT_CLAIMED,
	/* members: they have changed. Before the first LOOK. */
	ROLE_ACT_MEMBERS,
	/* error: the answer to REFOUND; 0 or -errno. */
	ROLE_ACT_REFOUNDED,
	/* memory: it must be in its file before the actions behind this one. */
	ROLE_ACT_MEMORY,
	/* page: likewise, in the page that programs read. */
	ROLE_ACT_PAGE,
	/* Those who hold are asked to let go, and nobody may hold from now on. */
	ROLE_ACT_LET_GO,
	/* Somebody may hold again. */
	ROLE_ACT_MAY_HOLD,
	/* error: the answer to STEP_DOWN: 0: released; -EALREADY: we do not lead;
	 * -ENOENT: the target is no live learner; -EPERM: it may not lead; -EAGAIN: ask
	 * again. */
	ROLE_ACT_STEPPED,
	/* confirmed: the answer to CONFIRM. */
	ROLE_ACT_CONFIRMED,
	/* view: something in it changed. At most one, the last action. */
	ROLE_ACT_EVENT,
};

struct role_action {
	enum role_action_type type;
	int64_t sid;
	uint64_t number;
	union {
		struct msg_look look;
		struct msg_vote role;
		struct role_packet packet;
		enum role_close close;
		const struct role_record *write;
		struct {
			int64_t claim;
			/* 0: on the disk; -errno: the disk has the one before it, or
			 * this one if we die before the next write. */
			int error;
		} claimed;
		struct role_told members;
		struct role_memory memory;
		struct role_page page;
		struct {
			uint64_t number;
			bool leads;
		} confirmed;
		int error;
		struct role_view view;
	} u;
};

/* What one step, at now_ms, wants done. The caller's memory; role_step empties it. */
struct role_actions {
	uint64_t now_ms;
	unsigned count;
	struct role_action list[ROLE_ACTIONS_MAX];
};

struct role_learner_view {
	int64_t id;
	enum role_phase phase;
	bool promised;
	bool acked;
	/* How long ago it sent its last packet. */
	uint64_t last_ms;
};

/* 0; -EINVAL: a file without a voter; -ENOMEM. */
int role_new(struct role **out, const struct role_config *config);
void role_free(struct role *r); /* NULL ok */
void role_step(struct role *r, const struct role_event *ev, struct role_actions *out);
uint64_t role_due_ms(const struct role *r); /* UINT64_MAX: never */

void role_get_view(const struct role *r, struct role_view *out);
int64_t role_accepted(const struct role *r); /* on the disk; 0 without zab */
int64_t role_current(const struct role *r);  /* likewise */
int64_t role_claim(const struct role *r);    /* the next look takes this one */
/* The learners of a leader; returns how many were put into `out`. */
unsigned role_get_learners(const struct role *r, uint64_t now_ms,
                           struct role_learner_view out[ROLE_LEARNERS_MAX]);

/* Does the leader keep a server out, whose promise lies too far ahead? Then the newest
 * such server, and what it promised. */
bool role_get_kept_out(const struct role *r, uint64_t now_ms, int64_t *sid,
                       int64_t *epoch);

/* Leases, for people. Times are those of the clock, 0: none. */
struct role_lease_view {
	/* As the leader: do we ask, until when may we act, how many answered that they
	 * promise? */
	bool wants;
	uint64_t end_ms;
	unsigned promised;
	/* Whom our promise binds us to, until when; ROLE_SID_UNKNOWN. */
	struct role_promise promise;
	/* We withhold an ACK, or being established, until then (R4); as the leader: the
	 * largest that a learner says. */
	uint64_t withheld_ms;
	/* We wait for the same leader, or for our quorum, until then (R8). */
	uint64_t patient_ms;
	/* R7: terms that were resumed after a restart of this process. */
	bool resumes;
	uint64_t resumed;
	/* R5: we are releasing, and wait for holders. R9: we do not stand until then,
	 * unless for `transfer` (has_transfer). */
	bool releasing;
	uint64_t stands_ms;
	bool has_transfer;
	int64_t transfer;
	/* R11: our clocks drift apart; we neither ask nor promise. */
	bool clocks_differ;
};

void role_get_lease(const struct role *r, uint64_t now_ms, struct role_lease_view *out);

/* Where a group stands, as far as this server knows: conclave-membership(7).
 */
enum role_members_state {
	ROLE_MEMBERS_IN_FORCE,
	/* missing */
	ROLE_MEMBERS_FOUNDING_WAITS,
	/* other has another file */
	ROLE_MEMBERS_FOUNDING_DIFFERS,
	/* The file's version joins a group, and no server of one answers. */
	ROLE_MEMBERS_NO_GROUP,
	/* missing have not joined */
	ROLE_MEMBERS_WAITS_JOIN,
	/* from, to; missing */
	ROLE_MEMBERS_UNDER_WAY,
	/* to; missing did not answer */
	ROLE_MEMBERS_GIVEN_UP,
	/* from, to: under way when a leader ended; missing */
	ROLE_MEMBERS_LEFT_JOINT,
	ROLE_MEMBERS_FILE_OLDER,
	/* Our file and that of other have one version, and differ. */
	ROLE_MEMBERS_TWO_FILES,
	/* other is being taken in again */
	ROLE_MEMBERS_NEW_DISK,
	/* We have a new disk, and count for nothing; missing */
	ROLE_MEMBERS_NEW_DISK_WAITS,
	ROLE_MEMBERS_REMOVED,
	/* other has changed its disk `times` times in ten minutes */
	ROLE_MEMBERS_DISK_CHANGES,
};

struct role_members_view {
	bool has_record;
	/* in force; 0: none is known */
	int64_t version;
	/* of our file */
	int64_t wished;
	bool joint;
	int64_t from;
	int64_t to;
	enum role_members_state state;
	unsigned missing_count;
	int64_t missing[MEMBERS_MAX];
	bool has_other;
	int64_t other;
	unsigned times;
	/* We go by the leader's timing, which is not that of our file (N14). */
	bool other_timing;
};

/* The record that counts here: NULL, there is none. Borrowed until the next step. */
const struct members_record *role_get_membership(const struct role *r);
void role_get_members(const struct role *r, uint64_t now_ms,
                      struct role_members_view *out);
/* "in-force" … */
const char *role_members_state_name(enum role_members_state s);

const char *role_phase_name(enum role_phase p);
const char *role_close_name(enum role_close c);

#endif
