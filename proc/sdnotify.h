/* sd_notify without waiting: what is said to $NOTIFY_SOCKET is a state, kept here; where
 * its reader does not drain it (a stopped conclaved: the queue holds ten datagrams), it
 * is said again later, and nobody hangs. libsystemd's sd_notify would block there, and
 * with it each worker of a conclaved that hangs. */
#ifndef PROC_BEAT_H
#define PROC_BEAT_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#define SDNOTIFY_STATUS_MAX 256

struct sdnotify {
	int fd; /* -1: nobody listens */
	sd_event_source *timer;
	uint64_t beat_us; /* between two WATCHDOG=1; 0: none is wanted */
	bool owed;        /* something of the following was not taken */
	bool ready, stopping, has_status, detailed; /* to be said */
	char status[SDNOTIFY_STATUS_MAX];
	unsigned long long generation;
	bool active;
};

/* A socket connected to $NOTIFY_SOCKET; -ENOENT: there is none; -errno. */
int sdnotify_dial(void);

/* Reads $NOTIFY_SOCKET and $WATCHDOG_USEC; beats from then on while the loop turns, and
 * sees, at least once a second and also where nobody listens, how late the loop is
 * (vital.h). 0 or -errno. */
int sdnotify_open(struct sdnotify *n, sd_event *loop);
/* Says what is owed: now, or within 50 ms, together with what comes until then (an
 * election changes much within milliseconds, and wakes nobody for it). */
void sdnotify_send(struct sdnotify *n);
void sdnotify_later(struct sdnotify *n);
void sdnotify_set_status(struct sdnotify *n,
                         const char *status); /* line breaks become blanks */

#endif
