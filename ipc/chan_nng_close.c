/* See chan_nng_close.h, and the head of chan_nng.c for the reasons.
 *
 * nng does not tell the descriptor of a pipe, so a connection is found by its address
 * among the descriptors of this process. */
#include "ipc/chan_nng_close.h"

#include "base/clock.h"
#include "base/exit.h"
#include "base/log.h"
#include "ipc/chan.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CLOSER_STACK (128 * 1024)
#define LOOK_US      300   /* between two looks at a half that is about to end */
#define LOOK_LATE_US 50000 /* the same after LATE_MS */
#define LATE_MS      1000
#define TRY_MS       (REDIAL_MAX_MS + 10)
#define STUCK_MAX    64 /* an alarm that should never ring */

static _Atomic unsigned closes_begun;
static _Atomic unsigned closes_done;

unsigned
chan_stuck_closes(void)
{
	unsigned done = closes_done;

	return closes_begun - done;
}

static bool
is_of(int fd, const struct half *h)
{
	struct sockaddr_un a = {.sun_family = AF_UNSPEC};
	socklen_t len = sizeof(a);

	return (h->share->dials ? getpeername : getsockname)(fd, (struct sockaddr *)&a,
	                                                     &len) == 0 &&
	       a.sun_family == AF_UNIX && len > offsetof(struct sockaddr_un, sun_path) &&
	       strncmp(a.sun_path, h->path, sizeof(a.sun_path)) == 0;
}

/* Works on a duplicate, since nng may close the descriptor and reuse its number at any
 * moment. Looks before it duplicates: closing a duplicate of a file drops the file's
 * locks. */
static bool
shut_one(int fd, const struct half *h)
{
	int copy = is_of(fd, h) ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	int listens = 0;
	socklen_t len = sizeof(listens);
	bool ours;

	if (copy < 0)
		return false;
	ours = is_of(copy, h) &&
	       getsockopt(copy, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 &&
	       !listens;
	if (ours)
		shutdown(copy, SHUT_RDWR);
	close(copy);
	return ours;
}

unsigned
half_shut(const struct half *h)
{
	DIR *folder = h->path[0] ? opendir("/proc/self/fd") : NULL;
	struct dirent *entry;
	unsigned found = 0;

	if (!folder)
		return 0;
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			found += shut_one(atoi(entry->d_name), h);
	closedir(folder);
	return found;
}

/* Returns when nng has ended the pipe by itself. What still arrives is discarded: a full
 * queue would hide the end. A connection in its greeting has to end before, too, and a
 * dialler's last try: nng_close would leak their descriptors. */
static void
settle(struct half *h)
{
	uint64_t now_ms = clock_ms(), late_ms = now_ms + LATE_MS;
	uint64_t tried_ms = now_ms + (h->dialler.id && !h->pipe ? TRY_MS : 0);
	nng_msg *m;

	for (;;) {
		bool none = half_shut(h) == 0 && now_ms >= tried_ms;
		bool late = now_ms > late_ms;

		if ((none || late) && (!h->pipe || h->down))
			return;
		while (h == &h->share->in && share_receive(h->share, &m) == 0)
			nng_msg_free(m);
		usleep(late ? LOOK_LATE_US : LOOK_US);
		now_ms = clock_ms();
	}
}

static void *
close_share(void *user)
{
	struct share *share = user;

	settle(&share->out);
	settle(&share->in);
	nng_close(share->in.socket); /* no callback runs after these two */
	nng_close(share->out.socket);
	share_free(share);
	closes_done++;
	return NULL;
}

void
share_close(struct share *take)
{
	pthread_t thread;
	pthread_attr_t attr;
	sigset_t all, before;

	take->closing = true;
	half_stop_dialling(&take->out);
	half_stop_dialling(&take->in);
	half_shut(&take->out);
	half_shut(&take->in);
	closes_begun++;
	if (chan_stuck_closes() > STUCK_MAX) {
		log_err("%u nng_close calls are stuck; exiting to be restarted",
		        chan_stuck_closes());
		_exit(EXIT_AGAIN);
	}
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, CLOSER_STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	/* a failure leaks the sockets and counts as stuck: better than to wait here */
	(void)pthread_create(&thread, &attr, close_share, take);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
}
