/* The insides of connmgr's shell. Each file calls those below it only:
 *
 *   shell.c       opens, closes, the gate, the one timer
 *   shell_door.c  who asks at the door
 *   shell_swap.c  the requests of whoever swaps an elector, and the copy of the record;
 *                 status.c: the requests for status
 *   shell_hear.c  what workers say
 *   shell_do.c    steps the board, and does what it decides
 *   shell_members.c  who is a remote
 *   shell_link.c  the links of the workers */
#ifndef CONNMGR_SHELL_IMPL_H
#define CONNMGR_SHELL_IMPL_H

#include "connmgr/copy.h"
#include "connmgr/election.h"
#include "connmgr/learner.h"
#include "connmgr/shadow.h"
#include "connmgr/shell.h"
#include "connmgr/store.h"
#include "ipc/chan.h"
#include "ipc/door.h"
#include "proc/gate.h"

#define CONNMGR_HELLO_MS 1000 /* from attached to hello */

/* One attached worker process: its door connection, its link, and the messages that wait
 * while the link is full. */
struct worker {
	struct connmgr *owner;
	struct door_conn *door; /* NULL: the place is free */
	struct chan *chan;      /* NULL: no link */
	struct board_queue *queue;
	/* When its link is cut for being full; UINT64_MAX: no message waits. */
	uint64_t full_due_ms;
	const char *broken; /* why its link is about to be cut; NULL: it is not */
	uint64_t dropped;   /* frames, while the link was full */
	/* Of the process that is attached now: messages, those of them that were refused,
	 * and links that ended. */
	uint64_t said;
	uint64_t refused;
	uint64_t lost;
	char build[MSG_BUILD_MAX];
};

struct connmgr_counters {
	uint64_t refused; /* packets of workers that are no message from them to us */
	uint64_t attaches;
	uint64_t no_place;   /* attaches turned away: too many workers */
	uint64_t links_lost; /* of workers */
	uint64_t cut;        /* of those: by us */
	uint64_t states;     /* written */
	uint64_t activations;
};

/* What a thread does below data_dir. */
enum connmgr_errand {
	ERRAND_NONE,
	ERRAND_READ,
	/* The copy takes over what is in force. */
	ERRAND_KEEP,
	ERRAND_PROMOTE,
	ERRAND_ACCEPT,
};

struct connmgr {
	sd_event *loop;
	const struct conf *conf;
	const char *name;
	struct gate gate; /* of struct connmgr_event */
	struct board *board;
	struct worker workers[BOARD_WORKERS_MAX];
	struct secure *secure; /* NULL: without TLS */
	struct resolver *resolver;
	struct election *election;
	struct learner *learner;
	struct door *door;
	sd_event_source *timer;
	sd_event_source *post;
	uint64_t armed_ms;
	int record_errors[2]; /* elector, peer */
	int state_error;
	/* Elector, peer; in force, as they are in run_dir. */
	struct record records[2];
	struct copy *copy;
	/* What the copy holds (no name: that is not known), and what is written to it. */
	struct record copied;
	struct record writing;
	/* What the work in progress is for, and since when. */
	enum connmgr_errand errand;
	uint64_t errand_ms;
	/* A promotion or an acceptance, from its request to its answer. */
	enum connmgr_errand wanted;
	/* When the copy may be written after a failure, and the last one's -errno. */
	uint64_t copy_due_ms;
	int copy_error;
	/* The record of a promotion or an acceptance. It is put into force when the copy
	 * holds it. */
	struct record fresh;
	/* RECORD has put `fresh` into force. */
	bool promoted;
	/* Who asked for that; NULL: gone, or nobody. */
	struct door_conn *asker;
	/* Why the board refused the last promotion; NULL: it did not. */
	const char *refusal;
	/* The elector that is to be promoted, while it is a shadow (its place; -1: there
	 * is none): what it says is held against what the active one says, and goes no
	 * further. */
	int candidate;
	struct shadow *shadow;
	bool looking; /* the peer's last word is a look, or there is none */
	/* For so many remotes the queues of the workers have room. */
	unsigned queue_remotes;
	/* The peer has said who the members are; until then our file says so. */
	bool members_told;
	/* -errno: not all of them have links */
	int members_error;
	struct connmgr_counters counters;
	/* The last processes whose attach was refused. */
	pid_t refused[BOARD_WORKERS_MAX];
	unsigned refused_count;
};

/* Steps the board and does what it decides. Within the gate, as the two that follow. */
void connmgr_do(struct connmgr *s, uint64_t now_ms, struct board_event *ev);
/* A message of a worker has come. */
void connmgr_hear(struct connmgr *s, uint64_t now_ms, unsigned worker, const void *data,
                  size_t len);
/* The link of a worker has ended, or is ended now (`ours`). */
void connmgr_lose(struct connmgr *s, uint64_t now_ms, unsigned worker, const char *why,
                  bool ours);

void connmgr_push(struct connmgr *s, const struct board_event *ev);

/* Listens at `path` for the process of a worker, which has to be `as`. 0 or -errno. */
int connmgr_listen(struct connmgr *s, unsigned worker, enum policy_what as,
                   const char *path);
/* What it takes to attach as `who`. */
static inline enum policy_what
connmgr_attaches_as(enum msg_who who)
{
	return who == MSG_WHO_PEER ? POLICY_BE_PEER : POLICY_BE_ELECTOR;
}
/* The servers of our file become the remotes. 0 or -errno, logged. */
int connmgr_link_file(struct connmgr *s);
/* False: a text of it is none, and nothing of it is done. */
bool connmgr_members_ok(const struct msg_members *m);
/* Those of the message, which is one that is ok, become the remotes. */
void connmgr_link_members(struct connmgr *s, uint64_t now_ms,
                          const struct board_item *item);
/* Sends, or queues. */
void connmgr_send(struct connmgr *s, unsigned worker, const struct board_item *item);
/* The link of a worker takes nothing more, and is cut when its event comes. */
void connmgr_break(struct connmgr *s, unsigned worker, const char *why);
/* Cuts the link of a worker at once, if there is one; the worker is no candidate then. */
void connmgr_cut(struct connmgr *s, unsigned worker);

/* Closes the door connections of workers whose death the kernel knows of, and the loop
 * does not yet. `asker`, whose request is being answered (or NULL), stays open until the
 * loop reads its end. */
void connmgr_bury(struct connmgr *s, const struct door_conn *asker);

int connmgr_open_door(struct connmgr *s);

/* The answer to `status` (docs/DOORS.md): writes one JSON object; its length, 0 if it
 * does not fit. */
size_t connmgr_status(const struct connmgr *s, char *out, size_t cap);

/* Opens the copy of the elector's record, and begins to read it. 0 or -errno. */
int connmgr_open_copy(struct connmgr *s);
/* Writes the copy if it differs from what is in force, and the disk is free. */
void connmgr_keep(struct connmgr *s, uint64_t now_ms);
/* When to call that; UINT64_MAX: it comes with an event. */
uint64_t connmgr_keep_due_ms(const struct connmgr *s);

/* The requests `promote` and `accept` are answered when they are done. */
void connmgr_promote(struct connmgr *s, struct door_conn *asker, char *words);
void connmgr_accept(struct connmgr *s, struct door_conn *asker, const char *name);
/* Writes the answer to `shadow` to `out`. Its length; 0: it does not fit. */
size_t connmgr_shadow(struct connmgr *s, const char *name, char *out, size_t cap);

#endif
