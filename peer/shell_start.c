/* Becoming active: the record is read from the disk, beside the loop, and given to the
 * core. */
#include "base/clock.h"
#include "base/log.h"
#include "peer/shell.h"

#include <stdio.h>
#include <string.h>

#define RETRY_US 1000000

void
peer_try_start(struct peer *p)
{
	if (!p->role || p->started || !p->synced || p->damaged || epoch_busy(p->epochs))
		return;
	p->read_ms = clock_ms();
	epoch_read(p->epochs);
}

/* `why` came with the result, for the log and for status. */
static void
take_why(struct peer *p, int result, const char *why)
{
	if (result != 0 && strcmp(why, p->why) != 0)
		log_err("%s", why);
	snprintf(p->why, sizeof(p->why), "%s", result == 0 ? "" : why);
	if (result != 0 || !*why)
		return;
	log_warning("%s", why);
	snprintf(p->anew, sizeof(p->anew), "%s", why);
}

void
peer_on_read(void *user, int result, const struct role_record *record,
             const struct members_hints *hints, const char *why)
{
	struct peer *p = user;
	struct role_event ev = {.type = ROLE_EV_START,
	                        .generation = uplink_generation(p->uplink),
	                        .record = *record};
	char problem[PEER_WHY_MAX];

	p->read_ms = 0;
	if (!p->synced) /* the core that asked is gone; the next one asks again */
		return;
	if (result == 0) {
		result = peer_lease_open(p, problem, sizeof(problem));
		why = result == 0 ? why : problem;
	}
	ev.unusable = result != 0;
	if (result == 0)
		peer_lease_recall(p, &ev);
	p->started = result == 0;
	p->damaged = result == EPOCH_DAMAGED;
	take_why(p, result, why);
	if (result == 0) {
		p->hints.count = hints->count;
		memcpy(p->hints.list, hints->list, hints->count * sizeof(hints->list[0]));
		peer_prefer_file(p);
	}
	if (result < 0) {
		sd_event_source_set_time_relative(p->retry, RETRY_US);
		sd_event_source_set_enabled(p->retry, SD_EVENT_ONESHOT);
	}
	gate_push(&p->gate, &ev);
	peer_hold_started(p);
	peer_clock_started(p);
}
