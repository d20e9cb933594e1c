/* Connections, look-ups and deadlines of a probe; see poller.h. */
#include "ctl/poller.h"

#include "base/clock.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/param.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define MS       1000
#define AGAIN_MS 100 /* to the next turn where the server closes the connection */

struct lookup {
	struct gaicb request;
	struct addrinfo hints;
	char host[];
};

static void
on_done(union sigval value)
{
	uint64_t one = 1;
	ssize_t n = write(value.sival_int, &one, sizeof(one));

	(void)n; /* where it is full it is readable already */
}

/* Starts to look up a host name, with glibc's getaddrinfo_a; `wake` (an eventfd) becomes
 * readable when that is done. For an address in digits it is done at once, and the
 * request, which is all zeros, is as one without an error. NULL: no memory or no thread.
 */
static struct lookup *
lookup_start(const char *host, int wake)
{
	struct lookup *l = calloc(1, sizeof(*l) + strlen(host) + 1);
	struct sigevent notify = {.sigev_notify = SIGEV_THREAD};
	struct gaicb *list[1];

	if (!l)
		return NULL;
	strcpy(l->host, host);
	l->hints.ai_socktype = SOCK_STREAM;
	l->hints.ai_flags = AI_NUMERICHOST;
	if (getaddrinfo(l->host, NULL, &l->hints, &l->request.ar_result) == 0)
		return l;
	l->hints.ai_flags = 0;
	l->request.ar_name = l->host;
	l->request.ar_request = &l->hints;
	list[0] = &l->request;
	notify.sigev_value.sival_int = wake;
	notify.sigev_notify_function = on_done;
	if (getaddrinfo_a(GAI_NOWAIT, list, 1, &notify) != 0) {
		free(l);
		return NULL;
	}
	return l;
}

/* True: the look-up is done; `found` has the addresses, which live as long as the
 * look-up, or NULL with the reason in `why`. */
static bool
lookup_done(struct lookup *l, const struct addrinfo **found, const char **why)
{
	int r = gai_error(&l->request);

	if (r == EAI_INPROGRESS)
		return false;
	*found = r ? NULL : l->request.ar_result;
	*why = r ? gai_strerror(r) : NULL;
	return true;
}

/* What is not done yet is left: glibc still uses it, and cannot always be stopped. */
static void
lookup_free(struct lookup *l)
{
	if (!l || gai_error(&l->request) == EAI_INPROGRESS)
		return;
	if (l->request.ar_result)
		freeaddrinfo(l->request.ar_result);
	free(l);
}

static void
hang_up(struct poller_line *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

static struct probe_server *
server_of(const struct poller *q, const struct poller_line *l)
{
	return &q->probe->servers[l - q->lines];
}

static void
end_turn(struct poller *q, struct poller_line *l)
{
	server_of(q, l)->reachable = l->state == POLLER_ASKED;
	lookup_free(l->lookup);
	l->lookup = NULL;
	l->state = POLLER_IDLE;
	l->due_us = UINT64_MAX;
	l->ended_us = clock_us();
}

static void
ask(struct poller *q, struct poller_line *l)
{
	struct probe_server *s = server_of(q, l);
	unsigned char question[PROBE_QUESTION_MAX];
	size_t len = probe_ask(s, question);

	l->state = POLLER_ASKED;
	if (send(l->fd, question, len, MSG_NOSIGNAL) == (ssize_t)len)
		return;
	probe_fail(s, "it takes no question: %s", strerror(errno));
	hang_up(l);
	end_turn(q, l);
}

static void
set_port(struct sockaddr_storage *a, uint16_t port)
{
	if (a->ss_family == AF_INET6)
		((struct sockaddr_in6 *)a)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)a)->sin_port = htons(port);
}

/* Connects to the next address for which that can be started; each address that is left
 * gets its share of the time. */
static void
dial(struct poller *q, struct poller_line *l, int error)
{
	struct probe_server *s = server_of(q, l);
	uint64_t now = clock_us();

	hang_up(l);
	l->state = POLLER_CONNECTING;
	while (l->next) {
		const struct addrinfo *a = l->next;
		struct sockaddr_storage to = {.ss_family = 0};
		unsigned left = 0;

		for (const struct addrinfo *b = a; b; b = b->ai_next)
			left++;
		l->next = a->ai_next;
		l->attempt_until_us =
		    now + (l->until_us > now ? l->until_us - now : 0) / left;
		memcpy(&to, a->ai_addr, a->ai_addrlen);
		set_port(&to, s->port);
		l->fd =
		    socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (l->fd >= 0 &&
		    (connect(l->fd, (struct sockaddr *)&to, a->ai_addrlen) == 0 ||
		     errno == EINPROGRESS))
			return;
		error = errno;
		hang_up(l);
	}
	probe_fail(s, "%s", strerror(error));
	end_turn(q, l);
}

static void
on_connected(struct poller *q, struct poller_line *l)
{
	struct sockaddr_storage to;
	socklen_t len = sizeof(int);
	char numeric[PROBE_NUMERIC_MAX] = "";
	uint64_t random = 0;
	int error = 0;

	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error) {
		dial(q, l, error);
		return;
	}
	len = sizeof(to);
	if (getpeername(l->fd, (struct sockaddr *)&to, &len) == 0)
		getnameinfo((struct sockaddr *)&to, len, numeric, sizeof(numeric), NULL,
		            0, NI_NUMERICHOST);
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = clock_us() << 8 ^ (uint64_t)getpid();
	probe_open(server_of(q, l), probe_sid(random), numeric);
	ask(q, l);
}

static void
on_named(struct poller *q, struct poller_line *l)
{
	const char *why;

	if (!lookup_done(l->lookup, &l->next, &why))
		return;
	if (l->next) {
		dial(q, l, 0);
		return;
	}
	probe_fail(server_of(q, l), "%s", why);
	end_turn(q, l);
}

/* Reads what has come. Where a connection ends between two questions, the next turn
 * begins at once: something has changed there. */
static void
on_readable(struct poller *q, struct poller_line *l)
{
	struct probe_server *s = server_of(q, l);
	unsigned char bytes[16384];
	ssize_t n = recv(l->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	bool idle = l->state == POLLER_IDLE;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		switch (probe_feed(s, bytes, (size_t)n)) {
		case PROBE_MORE:
			return;
		case PROBE_ANSWER:
			s->us = clock_us() - l->begun_us;
			end_turn(q, l);
			return;
		case PROBE_BAD:
			break;
		}
	} else if (!idle) {
		probe_fail(s, "it closed the connection without an answer");
	}
	hang_up(l);
	if (idle && n <= 0 && q->pause_us != POLLER_ONCE)
		l->due_us = l->begun_us + AGAIN_MS * MS;
	if (!idle)
		end_turn(q, l);
}

static void
begin_turn(struct poller *q, struct poller_line *l, uint64_t now)
{
	struct probe_server *s = server_of(q, l);

	l->begun_us = now;
	l->until_us = now + POLLER_DEADLINE_MS * MS;
	if (l->fd >= 0) {
		ask(q, l);
		return;
	}
	l->state = POLLER_NAMING;
	l->lookup = lookup_start(s->host, q->wake);
	if (l->lookup) {
		on_named(q, l);
		return;
	}
	probe_fail(s, "no look-up of its name: %s", strerror(errno));
	end_turn(q, l);
}

static void
on_late(struct poller *q, struct poller_line *l)
{
	static const char *const what[] = {
	    [POLLER_NAMING] = "no address for its name",
	    [POLLER_CONNECTING] = "no connection",
	    [POLLER_ASKED] = "connected, but no answer",
	};

	probe_fail(server_of(q, l), "%s in %d ms", what[l->state], POLLER_DEADLINE_MS);
	hang_up(l); /* an answer that comes later would be an old one */
	end_turn(q, l);
}

static uint64_t
due_us(const struct poller *q, const struct poller_line *l)
{
	if (q->pause_us == POLLER_ONCE || l->due_us != UINT64_MAX)
		return l->due_us;
	return l->ended_us + q->pause_us;
}

/* Does what is due by the clock, or by the look-up of the name. */
static void
on_time(struct poller *q, struct poller_line *l, uint64_t now)
{
	if (l->state == POLLER_IDLE) {
		if (now >= due_us(q, l))
			begin_turn(q, l, now);
	} else if (now >= l->until_us) {
		on_late(q, l);
	} else if (l->state == POLLER_NAMING) {
		on_named(q, l);
	} else if (l->state == POLLER_CONNECTING && now >= l->attempt_until_us) {
		dial(q, l, ETIMEDOUT);
	}
}

static uint64_t
line_wake_us(const struct poller *q, const struct poller_line *l)
{
	if (l->state == POLLER_IDLE)
		return due_us(q, l);
	if (l->state == POLLER_CONNECTING)
		return MIN(l->attempt_until_us, l->until_us);
	return l->until_us;
}

static bool
turns_are_over(const struct poller *q)
{
	for (unsigned i = 0; i < q->probe->count; i++)
		if (q->lines[i].state != POLLER_IDLE)
			return false;
	return true;
}

bool
poller_busy(const struct poller *q)
{
	for (unsigned i = 0; i < POLLER_NAMES_MAX; i++)
		if (q->names[i].lookup)
			return true;
	return !turns_are_over(q);
}

static void
take_name(struct poller *q, struct poller_name *n, uint64_t now)
{
	const struct addrinfo *found = NULL;
	const char *why;

	if (!lookup_done(n->lookup, &found, &why) && now < n->until_us)
		return;
	for (; found; found = found->ai_next) {
		char numeric[PROBE_NUMERIC_MAX];

		if (getnameinfo(found->ai_addr, found->ai_addrlen, numeric,
		                sizeof(numeric), NULL, 0, NI_NUMERICHOST) == 0)
			probe_name_add(q->probe, n->host, numeric);
	}
	lookup_free(n->lookup);
	n->lookup = NULL;
}

/* Looks up the names in configurations, once the answers are there. A name is marked as
 * known first, so that it is looked up once. */
static void
learn_names(struct poller *q, uint64_t now)
{
	for (unsigned i = 0; i < POLLER_NAMES_MAX; i++) {
		struct poller_name *n = &q->names[i];

		if (n->lookup)
			take_name(q, n, now);
		if (n->lookup || !turns_are_over(q) ||
		    !probe_name_wanted(q->probe, n->host))
			continue;
		probe_name_add(q->probe, n->host, "");
		n->until_us = now + POLLER_NAME_MS * MS;
		n->lookup = lookup_start(n->host, q->wake);
	}
}

static uint64_t
next_wake_us(const struct poller *q)
{
	uint64_t wake = UINT64_MAX;

	for (unsigned i = 0; i < q->probe->count; i++)
		wake = MIN(wake, line_wake_us(q, &q->lines[i]));
	for (unsigned i = 0; i < POLLER_NAMES_MAX; i++)
		if (q->names[i].lookup)
			wake = MIN(wake, q->names[i].until_us);
	return wake;
}

/* Polls, and handles what is ready. 0, or -errno. */
static int
wait_for_events(struct poller *q)
{
	struct pollfd fds[PROBE_SERVERS_MAX + 2];
	unsigned count = q->probe->count;
	uint64_t wakes;

	for (unsigned i = 0; i < count; i++) {
		const struct poller_line *l = &q->lines[i];

		fds[i] = (struct pollfd){.fd = l->fd, .events = POLLIN};
		if (l->state == POLLER_CONNECTING)
			fds[i].events = POLLOUT;
	}
	fds[count] = (struct pollfd){.fd = q->wake, .events = POLLIN};
	fds[count + 1] = (struct pollfd){.fd = STDOUT_FILENO};
	if (poll(fds, count + 2, clock_left_ms(next_wake_us(q) / MS + 1)) < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[count + 1].revents & (POLLERR | POLLNVAL))
		return -EPIPE;
	if (fds[count].revents && read(q->wake, &wakes, sizeof(wakes)) < 0)
		return errno == EAGAIN ? 0 : -errno;
	for (unsigned i = 0; i < count; i++) {
		if (!fds[i].revents)
			continue;
		if (q->lines[i].state == POLLER_CONNECTING)
			on_connected(q, &q->lines[i]);
		else
			on_readable(q, &q->lines[i]);
	}
	return 0;
}

bool
poller_step(struct poller *q)
{
	if (next_wake_us(q) == UINT64_MAX || wait_for_events(q) < 0)
		return false;
	for (unsigned i = 0; i < q->probe->count; i++)
		on_time(q, &q->lines[i], clock_us());
	learn_names(q, clock_us());
	return true;
}

int
poller_init(struct poller *q, struct probe *p, uint64_t pause_us)
{
	memset(q, 0, sizeof(*q));
	q->probe = p;
	q->pause_us = pause_us;
	for (unsigned i = 0; i < PROBE_SERVERS_MAX; i++)
		q->lines[i].fd = -1;
	q->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return q->wake < 0 ? -errno : 0;
}

/* `wake` stays open: a look-up that is not done yet writes to it. */
void
poller_deinit(struct poller *q)
{
	for (unsigned i = 0; i < PROBE_SERVERS_MAX; i++) {
		hang_up(&q->lines[i]);
		lookup_free(q->lines[i].lookup);
	}
	for (unsigned i = 0; i < POLLER_NAMES_MAX; i++)
		lookup_free(q->names[i].lookup);
}
