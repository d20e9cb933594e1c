/* Becoming active: the epochs and the claim are read from the disk, and given to the
 * core. */
#include "base/file.h"
#include "base/log.h"
#include "peer/shell.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define RETRY_US  1000000
#define LOCK_NAME "lock"

/* 0; EPOCH_DAMAGED; -errno: try again. Fills p->why unless 0. */
static int
read_files(struct peer *p, struct role_event *start)
{
	char lock[CONF_PATH_MAX + 16];
	int r = file_make_dir(p->folder);

	if (r < 0) {
		snprintf(p->why, sizeof(p->why), "%s cannot be used: %s", p->folder,
		         strerror(-r));
		return r;
	}
	/* a peer that connmgr thought dead may still be writing */
	snprintf(lock, sizeof(lock), "%s/" LOCK_NAME, p->folder);
	r = p->locked ? 0 : file_lock(lock);
	if (r < 0) {
		snprintf(p->why, sizeof(p->why), "%s: %s", lock,
		         r == -EWOULDBLOCK ? "another peer holds it" : strerror(-r));
		return r;
	}
	p->locked = true;
	r = epoch_read(p->folder, &p->disk.accepted, &p->disk.current, p->why,
	               sizeof(p->why));
	if (r == 0)
		r = epoch_read_claim(p->folder, &p->disk.claim, p->why, sizeof(p->why));
	start->record = p->disk;
	if (start->record.accepted < 0)
		start->record.accepted = 0;
	if (start->record.current < 0)
		start->record.current = 0;
	return r;
}

void
peer_try_start(struct peer *p)
{
	struct role_event ev = {.type = ROLE_EV_START};
	char before[PEER_WHY_MAX];
	int r;

	if (!p->role || p->started || !p->synced || p->damaged ||
	    epoch_writer_busy(p->epochs))
		return;
	memcpy(before, p->why, sizeof(before));
	p->why[0] = '\0';
	ev.generation = uplink_generation(p->uplink);
	r = read_files(p, &ev);
	p->started = r == 0;
	p->damaged = r == EPOCH_DAMAGED;
	ev.unusable = r != 0;
	if (r != 0 && strcmp(before, p->why) != 0)
		log_err("%s", p->why);
	if (r < 0) {
		sd_event_source_set_time_relative(p->retry, RETRY_US);
		sd_event_source_set_enabled(p->retry, SD_EVENT_ONESHOT);
	}
	gate_push(&p->gate, &ev);
}
