/* The elector's shell: messages of connmgr become events of the core, and its actions
 * become messages. The shell adds the configuration text to what goes to other servers.
 */
#ifndef ELECTOR_SHELL_H
#define ELECTOR_SHELL_H

#include "base/histogram.h"
#include "config/conf.h"
#include "elector/elect.h"
#include "ipc/msg.h"
#include "ipc/uplink.h"
#include "proc/gate.h"
#include "proc/proc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct door;

#define ELECTOR_REMOTES_MAX (3 * QCONFIG_SERVERS_MAX)

/* Another server of our file, or of the members that the peer has said. */
struct elector_remote {
	int64_t sid;
	bool heard;
	/* its last notification, the time when it came, and whether the configuration in
	 * it has other members than ours */
	struct vote vote;
	uint64_t heard_ms;
	bool other_members;
};

struct elector_counters {
	uint64_t frames_in;
	uint64_t frames_out;
	uint64_t frames_refused; /* no notification */
	uint64_t elections;      /* looks, each counted once */
	uint64_t rounds;         /* that our votes were in */
	uint64_t decided;
	uint64_t doubts;
	uint64_t newer_configs;
	uint64_t spared; /* answers to strangers, while connmgr takes little */
	uint64_t dropped[ELECT_REASONS];
};

struct elector {
	const struct conf *conf;
	const char *name;
	struct proc *proc;
	sd_event *loop;
	sd_event_source *timer;
	struct uplink *uplink;
	struct door *door;
	struct gate gate;
	bool ready;

	/* the core: `attach` where the configuration says attach, else `elect` */
	struct elect *elect;
	struct attach *attach;
	struct elect_actions todo;

	/* Who the members are: as the peer said it last (the whole message), or as our
	 * file says while that is empty. */
	unsigned char members[MSG_MAX];
	size_t members_len;
	bool joins;
	struct qconfig config;
	struct qconfig last_seen;
	struct quorum_pair quorums;
	/* beside the voters: whom we ask */
	unsigned other_count;
	int64_t others[ELECT_OTHERS_MAX];
	/* of `config`: goes with each notification */
	char config_text[QCONFIG_TEXT_MAX];
	size_t config_text_len;
	unsigned char frame[NOTIF_HEAD + QCONFIG_TEXT_MAX];

	/* what we said last as the active elector, to be said again after a lost link; of
	 * type 0: nothing yet */
	struct msg state;
	struct msg decided;

	/* the newest look, and when it came; 0: it is answered */
	struct msg_serial look_serial;
	uint64_t look_us;
	/* how long each look took */
	struct histogram decide;
	/* what the log said last */
	struct elect_view shown;
	unsigned remote_count;
	struct elector_remote remotes[ELECTOR_REMOTES_MAX];
	struct elector_counters counters;
};

/* Makes the core, knocks at connmgr's door, opens ours. Borrowed until elector_close:
 * conf, name, proc. 0 or -errno, having logged why. `self`, a struct elector, is large:
 * keep it static, and so zero-filled. */
int elector_open(void *self, const struct conf *conf, const char *name,
                 struct proc *proc);
void elector_close(void *self);

/* shell_members.c. Takes the members of our file: 0, or -errno, logged. */
int elector_read_file(struct elector *s);
/* N9, while we have no record, or an older one: tells the peer where the server is that
 * this notification of a member names as leader, if we do not know it. */
void elector_tell_where(struct elector *s, const struct notif *n);
/* Takes those that the peer says. False: they are the same as before, or cannot be read.
 */
bool elector_read_members(struct elector *s, const struct msg *m);
/* By the members, or where they do not name us by our file. */
bool elector_is_observer(const struct elector *s);
/* Ours; 0 where none counts. */
int64_t elector_priority(const struct elector *s);
struct elector_remote *elector_find_remote(struct elector *s, int64_t sid); /* or NULL */

/* shell_apply.c */
/* Carries out one action of the core. */
void elector_apply(struct elector *s, const struct elect_action *a);

/* status.c: what our control socket answers to `status` (docs/DOORS.md), one JSON object;
 * returns its length, 0 if it does not fit. */
size_t elector_status(const struct elector *s, char *out, size_t cap);
/* One line for STATUS= */
void elector_status_line(const struct elector *s, char *out, size_t cap);
void elector_view(const struct elector *s, struct elect_view *out); /* of the core */
const char *elector_state(const struct elect_view *v); /* "looking" … or "silent" */

#endif
