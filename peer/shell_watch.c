/* Who watches the peer, or has subscribed to its events: they get its state at each
 * change, and a heartbeat, so that who hears none knows that what was heard last is old.
 * While there is a lease, heartbeats come several times in it, with its new end. */
#include "base/clock.h"
#include "peer/shell.h"

#define BEAT_MS          1000
#define BEATS_PER_LEASE  4
#define BEAT_MIN_MS      10
#define BEAT_ACCURACY_US 1000

static void
tell(struct peer *p, const char *text, size_t len)
{
	/* From the end: closing a watcher moves the last one, which has been served, to
	 * its place. A watcher that does not drain its socket is closed, if it does not
	 * hold: then the next heartbeat tells it all. */
	for (unsigned i = p->watcher_count; i-- > 0;)
		peer_reply(p, p->watchers[i], text, len);
	pub_send(p->events, text, len);
}

static uint64_t
pause_ms(const struct peer *p)
{
	uint64_t lease_ms = conf_lease_ms(p->conf) / BEATS_PER_LEASE;

	if (!p->beat_leased || lease_ms > BEAT_MS)
		return BEAT_MS;
	return lease_ms > BEAT_MIN_MS ? lease_ms : BEAT_MIN_MS;
}

/* Who subscribes does not say so to us. */
static bool
has_any(const struct peer *p)
{
	return p->watcher_count > 0 || p->events;
}

static void
arm(struct peer *p)
{
	sd_event_source_set_time_relative(p->beat_timer, pause_ms(p) * 1000);
	sd_event_source_set_enabled(p->beat_timer,
	                            has_any(p) ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static void
beat(struct peer *p)
{
	static char text[DOOR_REPLY_MAX];

	p->beat_leased = peer_lease_end_ms(p) > 0;
	tell(p, text, peer_event(p, true, text, sizeof(text)));
	arm(p);
}

static int
on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	(void)source;
	(void)usec;
	beat(user);
	return 0;
}

int
peer_watch_open(struct peer *p)
{
	int r = sd_event_add_time(p->loop, &p->beat_timer, CLOCK_BOOTTIME, UINT64_MAX,
	                          BEAT_ACCURACY_US, on_timer, p);

	return r < 0 ? r : sd_event_source_set_enabled(p->beat_timer, SD_EVENT_OFF);
}

void
peer_watch_close(struct peer *p)
{
	sd_event_source_disable_unref(p->beat_timer);
}

const char *
peer_watch(struct peer *p, struct door_conn *c, const char *words)
{
	static char text[DOOR_REPLY_MAX];
	bool there = false;

	(void)words;
	for (unsigned i = 0; i < p->watcher_count; i++)
		there |= p->watchers[i] == c;
	if (!there && p->watcher_count == PEER_WATCHERS_MAX)
		return "too many watchers";
	if (!there) {
		p->watchers[p->watcher_count++] = c;
		door_conn_keep(c, true);
	}
	peer_reply(p, c, text, peer_event(p, false, text, sizeof(text)));
	if (p->watcher_count == 1)
		arm(p);
	return NULL;
}

void
peer_watch_tell(struct peer *p)
{
	static char text[DOOR_REPLY_MAX];

	p->beat_leased = peer_lease_end_ms(p) > 0;
	tell(p, text, peer_event(p, false, text, sizeof(text)));
	if (p->events)
		arm(p);
}

void
peer_watch_settle(struct peer *p)
{
	if (has_any(p) && p->beat_leased != (peer_lease_end_ms(p) > 0))
		beat(p);
}

void
peer_watch_gone(struct peer *p, const struct door_conn *c)
{
	for (unsigned i = 0; i < p->watcher_count; i++)
		if (p->watchers[i] == c)
			p->watchers[i] = p->watchers[--p->watcher_count];
}
