/* The peer's shell: messages of connmgr and ends of writes become events of the core
 * (role), its actions become messages, writes and events for who watches; one timer. */
#ifndef PEER_KEEPER_H
#define PEER_KEEPER_H

#include "base/histogram.h"
#include "config/conf.h"
#include "ipc/uplink.h"
#include "peer/epoch.h"
#include "peer/role.h"
#include "peer/watch.h"
#include "proc/proc.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#define KEEPER_WHY_MAX (PATH_MAX + 256)

struct door;

struct keeper_counters {
	uint64_t packets_in;
	uint64_t packets_out;
	uint64_t packets_refused; /* no packet */
	uint64_t links_closed;    /* by us */
	uint64_t looks;
	uint64_t decided;
	uint64_t leader_changes; /* another one than before was established */
	uint64_t writes;
	uint64_t writes_failed;
};

struct keeper {
	const struct conf *conf;
	const char *name;
	struct proc *proc;
	sd_event *loop;
	sd_event_source *timer;
	sd_event_source *retry; /* of a start that failed */
	struct uplink *uplink;
	struct door *door;
	struct epoch_writer *writer;    /* of epochs */
	struct epoch_writer *claims;    /* so that no promise waits for a claim */
	int64_t claiming;               /* the one being written, */
	struct door_conn *claimer;      /* for this asker; NULL: it is gone */
	char folder[CONF_PATH_MAX + 8]; /* data_dir/peer */

	struct qconfig members;
	struct role *role; /* NULL: a shadow, which does nothing */
	struct role_actions todo;
	bool ready;               /* attached and synced once */
	bool synced;              /* as the active one, with this core */
	bool started;             /* the core has its epochs and its claim */
	bool locked;              /* the folder is ours while we live */
	bool writing;             /* for this core */
	bool damaged;             /* only a person helps */
	char why[KEEPER_WHY_MAX]; /* why the files cannot be had; "": they can */

	struct role_view view; /* as published, */
	uint64_t view_us;      /* at this time */
	struct watch watch;
	uint64_t look_us;    /* when it began to look for a leader; 0: it does not */
	bool had_leader;     /* of this process's life, */
	int64_t last_leader; /* the last one */
	struct histogram establish; /* from the look to the established leader */
	struct keeper_counters counters;
};

/* Knocks at connmgr's door, opens ours. Borrowed until keeper_close: conf, name, proc.
 * 0 or -errno, having said why. Large: keep `k` static, and so zero-filled. */
int keeper_open(struct keeper *k, const struct conf *conf, const char *name,
                struct proc *proc);
void keeper_close(struct keeper *k);

/* The write of a claim has ended, 0 or -errno: for the core, and for a start that waited
 * for it or that a damaged claim had stopped. */
void keeper_claimed(struct keeper *k, int64_t claim, int error);

/* Why there can be no leader or no promise here; "" if nothing stands in the way. */
const char *keeper_reason(const struct keeper *k, char *out, size_t cap);

#endif
