/* sd_notify(3) that never waits. What is to be said is a state, kept here. Where the
 * reader of $NOTIFY_SOCKET does not read (a stopped conclaved: its queue holds ten
 * datagrams), the state is sent again later. libsystemd's sd_notify would block, and each
 * worker with it. */
#ifndef PROC_SDNOTIFY_H
#define PROC_SDNOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#define SDNOTIFY_STATUS_MAX 256
#define SDNOTIFY_ERROR_MAX  512

struct sdnotify {
	/* -1: nobody listens. */
	int fd;
	sd_event_source *timer;
	/* Between two WATCHDOG=1; 0: none is wanted. */
	uint64_t beat_us;
	/* Something is to be sent when the timer fires. */
	bool owed;
	/* Which assignments are to be sent. */
	bool ready, stopping, has_status, detailed, has_error;
	char status[SDNOTIFY_STATUS_MAX];
	char error[SDNOTIFY_ERROR_MAX];
	unsigned long long generation;
	bool active;
	/* 0: not to be sent */
	uint64_t extend_us;
};

/* A socket connected to $NOTIFY_SOCKET; -ENOENT: there is none; -errno. */
int sdnotify_dial(void);

/* Reads $NOTIFY_SOCKET and $WATCHDOG_USEC. From then on WATCHDOG=1 is sent while the loop
 * turns, and self_late hears at least once a second how late the loop is, also where
 * nobody listens. 0 or -errno. */
int sdnotify_open(struct sdnotify *n, sd_event *loop);
/* Sends the state: now, or within 50 ms together with what changes until then. An
 * election changes much within milliseconds, and the processor is needed for it. */
void sdnotify_send(struct sdnotify *n);
void sdnotify_later(struct sdnotify *n);
/* Control characters become blanks. */
void sdnotify_set_status(struct sdnotify *n, const char *status);
/* Sends X_CONCLAVE_ERROR= at once: the process may be about to end. */
void sdnotify_error(struct sdnotify *n, const char *text);
/* The same before there is a loop. */
void sdnotify_last_words(const char *text);

#endif
