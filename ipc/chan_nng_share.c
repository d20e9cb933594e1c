/* See chan_nng_share.h: the sockets, the callbacks on nng's threads, the number of nng's
 * threads, and the close. */
#include "ipc/chan_nng_share.h"

#include "base/clock.h"
#include "base/exit.h"
#include "base/log.h"
#include "ipc/chan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <nng/protocol/pair1/pair.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define QUEUE_MESSAGES 64 /* NNG_OPT_SENDBUF and RECVBUF */
#define REDIAL_MIN_MS  5  /* until the listener is there */
#define REDIAL_MAX_MS  20
#define NEVER_MS       INT32_MAX
#define URL_SCHEME     "ipc://"
#define CLOSER_STACK   (128 * 1024)
#define LOOK_US        300   /* between two looks at a half that is about to end */
#define LOOK_LATE_US   50000 /* the same after LATE_MS */
#define LATE_MS        1000
#define TRY_MS         (REDIAL_MAX_MS + 10)
/* More closes than this, for longer than this: an alarm that should never ring. */
#define STUCK_MAX 64
#define STUCK_MS  10000

static _Atomic unsigned closes_begun;
static _Atomic unsigned closes_done;
/* When there were last no more than STUCK_MAX. */
static uint64_t calm_ms;

unsigned
chan_stuck_closes(void)
{
	unsigned done = closes_done;

	return closes_begun - done;
}

/* nng 1.5.2 starts threads for each processor, and has no option that bounds them. With
 * this answer nng starts eleven threads on every host. ThreadSanitizer also calls
 * sysconf, before it is ready itself. */
extern long __sysconf(int name);

__attribute__((no_sanitize("thread"))) long
sysconf(int name)
{
	return name == _SC_NPROCESSORS_ONLN ? 1 : __sysconf(name);
}

int
share_error(int rv)
{
	static const struct {
		int nng, error;
	} table[] = {{NNG_ENOMEM, ENOMEM},   {NNG_EADDRINUSE, EADDRINUSE},
	             {NNG_EPERM, EACCES},    {NNG_EADDRINVAL, EINVAL},
	             {NNG_ENOFILES, EMFILE}, {NNG_ECLOSED, ENOTCONN},
	             {NNG_ENOENT, ENOENT}};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].nng == rv)
			return -table[i].error;
	return rv & NNG_ESYSERR ? -(rv & ~NNG_ESYSERR) : -EIO;
}

/* Both halves must lead to one process, the expected one, and have one pipe each. */
static bool
admits(struct half *h, nng_pipe pipe, uint32_t id)
{
	struct share *share = h->share;
	struct users_process who;
	uint64_t uid, pid, first = 0;
	uint32_t none = 0;

	if (share->closing ||
	    nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_UID, &uid) != 0 ||
	    nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_PID, &pid) != 0)
		return false;
	who = (struct users_process){.uid = (uid_t)uid, .pid = (pid_t)pid};
	if (!users_is(&share->far, &who))
		return false;
	if (!atomic_compare_exchange_strong(&share->pid, &first, pid) && first != pid)
		return false;
	return atomic_compare_exchange_strong(&h->pipe, &none, id) && !share->closing;
}

/* Runs on nng's threads. In ADD_PRE, before nng reads from it, a pipe may be closed. */
static void
on_pipe(nng_pipe pipe, nng_pipe_ev event, void *user)
{
	struct half *h = user;
	uint32_t id = (uint32_t)nng_pipe_id(pipe);
	uint64_t one = 1;

	if (event == NNG_PIPE_EV_ADD_PRE) {
		if (!admits(h, pipe, id))
			nng_pipe_close(pipe);
		return;
	}
	if (id != h->pipe)
		return;
	if (event == NNG_PIPE_EV_ADD_POST)
		h->up = true;
	else
		h->down = true;
	/* only a full counter refuses, and then the loop is being woken anyway */
	(void)!write(h->share->wake, &one, sizeof(one));
}

static int
half_open(struct half *h, struct share *share)
{
	int rv = nng_pair1_open(&h->socket);

	h->share = share;
	if (rv != 0 ||
	    (rv = nng_socket_set_int(h->socket, NNG_OPT_SENDBUF, QUEUE_MESSAGES)) != 0 ||
	    (rv = nng_socket_set_int(h->socket, NNG_OPT_RECVBUF, QUEUE_MESSAGES)) != 0 ||
	    (rv = nng_socket_set_size(h->socket, NNG_OPT_RECVMAXSZ, MSG_MAX)) != 0)
		return rv;
	for (int event = NNG_PIPE_EV_ADD_PRE; event <= NNG_PIPE_EV_REM_POST; event++)
		if ((rv = nng_pipe_notify(h->socket, (nng_pipe_ev)event, on_pipe, h)) !=
		    0)
			return rv;
	return 0;
}

static int
start_listener(const struct half *h, const char *url)
{
	nng_listener listener;
	int rv;

	unlink(h->path); /* an old socket: the address is ours alone */
	if ((rv = nng_listener_create(&listener, h->socket, url)) != 0 ||
	    (rv = nng_listener_set_int(listener, NNG_OPT_IPC_PERMISSIONS,
	                               (int)users_socket_mode())) != 0)
		return rv;
	return nng_listener_start(listener, 0);
}

static int
set_redial(nng_dialer dialler, nng_duration min_ms, nng_duration max_ms)
{
	int rv = nng_dialer_set_ms(dialler, NNG_OPT_RECONNMINT, min_ms);

	return rv ? rv : nng_dialer_set_ms(dialler, NNG_OPT_RECONNMAXT, max_ms);
}

static int
start_dialler(struct half *h, const char *url)
{
	int rv;

	if ((rv = nng_dialer_create(&h->dialler, h->socket, url)) != 0 ||
	    (rv = set_redial(h->dialler, REDIAL_MIN_MS, REDIAL_MAX_MS)) != 0)
		return rv;
	return nng_dialer_start(h->dialler, NNG_FLAG_NONBLOCK);
}

int
half_start(struct half *h, const char *path, const char *suffix)
{
	char url[sizeof(URL_SCHEME) + sizeof(h->path)];
	int rv;

	snprintf(h->path, sizeof(h->path), "%s%s", path, suffix);
	snprintf(url, sizeof(url), URL_SCHEME "%s", h->path);
	rv = h->share->dials ? start_dialler(h, url) : start_listener(h, url);
	return rv == 0 ? 0 : share_error(rv);
}

static void
free_share(struct share *share)
{
	nng_aio_free(share->receive);
	nng_aio_free(share->send);
	if (share->wake >= 0)
		close(share->wake);
	free(share);
}

static int
make_aio(nng_aio **aio)
{
	int rv = nng_aio_alloc(aio, NULL, NULL);

	if (rv == 0)
		nng_aio_set_timeout(*aio, NNG_DURATION_ZERO);
	return rv;
}

int
share_open(struct share **out, bool dials, struct users_far far)
{
	struct share *share = calloc(1, sizeof(*share));
	int rv;

	if (!share)
		return -ENOMEM;
	share->dials = dials;
	share->far = far;
	share->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rv = share->wake < 0 ? NNG_ENOFILES : make_aio(&share->receive);
	if (rv != 0 || (rv = make_aio(&share->send)) != 0 ||
	    (rv = half_open(&share->in, share)) != 0 ||
	    (rv = half_open(&share->out, share)) != 0) {
		/* a socket that had no address closes at once; 0 is no socket */
		nng_close(share->in.socket);
		nng_close(share->out.socket);
		free_share(share);
		return share_error(rv);
	}
	*out = share;
	return 0;
}

int
share_receive(struct share *share, nng_msg **out)
{
	int rv;

	nng_recv_aio(share->in.socket, share->receive);
	nng_aio_wait(share->receive);
	rv = nng_aio_result(share->receive);
	if (rv == 0)
		*out = nng_aio_get_msg(share->receive);
	return rv;
}

int
share_send(struct share *share, nng_msg *m)
{
	nng_aio_set_msg(share->send, m);
	nng_send_aio(share->out.socket, share->send);
	nng_aio_wait(share->send);
	return nng_aio_result(share->send);
}

/* nng does not tell the descriptor of a pipe, so a connection is found by its address
 * among the descriptors of this process. */
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
	int copy = is_of(fd, h) ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
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
 * queue would hide the end. Without a pipe, a connection in its greeting has to end
 * before, and so has one that the kernel has made and nng has not seen yet, or a
 * dialler's last try: nng_close would leak their descriptors. It does where a dialler
 * ended in its greeting and the listener went deaf: that connection never ends, and two
 * descriptors are lost. */
static void
settle(struct half *h)
{
	uint64_t now_ms = clock_ms(), late_ms = now_ms + LATE_MS;
	uint64_t tried_ms = now_ms + (h->path[0] && !h->pipe ? TRY_MS : 0);
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
	free_share(share);
	closes_done++;
	return NULL;
}

/* Many channels may be closed within a moment, and each close takes its time. */
static void
check_stuck(void)
{
	unsigned count = chan_stuck_closes();
	uint64_t now_ms = clock_ms();

	if (count <= STUCK_MAX) {
		calm_ms = now_ms;
	} else if (now_ms - calm_ms > STUCK_MS) {
		log_err("%u nng_close calls are stuck; exiting to be restarted", count);
		_exit(EXIT_AGAIN);
	}
}

void
share_close(struct share *take)
{
	pthread_t thread;
	pthread_attr_t attr;
	sigset_t all, before;

	take->closing = true;
	/* one try may be due already; settle waits for it */
	(void)set_redial(take->out.dialler, NEVER_MS, NEVER_MS);
	(void)set_redial(take->in.dialler, NEVER_MS, NEVER_MS);
	half_shut(&take->out);
	half_shut(&take->in);
	closes_begun++;
	check_stuck();
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
