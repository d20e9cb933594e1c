/* The connection that is the hold (docs/DOORS.md). After the daemon was restarted the
 * hold is taken again; until then what was read of the lease counts up to its end. */
#include "lib/answer.h"
#include "lib/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define TEXT_CAP 65537
#define PACKETS  16

static void
close_hold(struct conclave *c)
{
	if (c->hold >= 0)
		knock_end(c->hold, c->epoll);
	c->hold = -1;
}

static void
again(struct conclave *c, uint64_t now_ns)
{
	close_hold(c);
	c->phase = HANDLE_HOLD_AGAIN;
	c->hold_due_ns = now_ns + handle_again_ns(&c->hold_failed);
}

void
hold_drop_kills(struct conclave *c)
{
	if (c->cgroup_kill >= 0)
		close(c->cgroup_kill);
	c->cgroup_kill = -1;
	for (unsigned i = 0; i < CONCLAVE_CGROUPS_MAX; i++) {
		if (c->kills[i] >= 0)
			close(c->kills[i]);
		c->kills[i] = -1;
	}
	c->untold = 0;
}

void
hold_end(struct conclave *c)
{
	close_hold(c);
	hold_drop_kills(c);
	c->phase = HANDLE_NO_HOLD;
	c->first = false;
	c->lease_ms = 0;
	c->stop = NULL;
	c->grace = false;
	term_none(&c->term);
}

int
hold_begin(struct conclave *c)
{
	struct epoll_event ev = {.events = EPOLLIN};

	c->hold = knock(&c->path, c->request, c->cgroup_kill);
	if (c->hold < 0)
		return c->hold;
	if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->hold, &ev) < 0) {
		int r = -errno;

		close_hold(c);
		return r;
	}
	c->phase = HANDLE_ASKED;
	return 0;
}

int
hold_let_go(struct conclave *c)
{
	int r = c->phase == HANDLE_HELD ? knock_say(c->hold, "let go", -1) : -ECONNRESET;

	/* whatever comes of it: nothing counts from here on */
	term_none(&c->term);
	if (r < 0)
		hold_end(c);
	else
		c->phase = HANDLE_LETS_GO;
	return r;
}

/* What finds no room is told in the next step. */
static void
tell_kills(struct conclave *c)
{
	char text[16];

	for (unsigned i = 0; i < CONCLAVE_CGROUPS_MAX && c->untold; i++) {
		if (!(c->untold >> i & 1))
			continue;
		snprintf(text, sizeof(text), "kills %u", i + 1);
		if (knock_say(c->hold, text, c->kills[i]) < 0)
			return;
		c->untold &= ~(UINT32_C(1) << i);
	}
}

int
hold_kills(struct conclave *c, unsigned at, int cgroup_kill)
{
	int fd = fcntl(cgroup_kill, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (c->kills[at] >= 0)
		close(c->kills[at]);
	c->kills[at] = fd;
	c->untold |= UINT32_C(1) << at;
	if (c->phase == HANDLE_HELD)
		tell_kills(c);
	return 0;
}

/* The answer to `hold`. 0 or -errno. */
static int
take_answer(struct conclave *c, const char *text, int fd)
{
	bool ok = false, later = false;
	uint64_t incarnation;
	int64_t lease_ms = 0;
	int r;

	if (answer_bool(text, "ok", &ok) && ok) {
		if (fd < 0 || !answer_hex(text, "incarnation", &incarnation) ||
		    incarnation == 0)
			return -EPROTO;
		r = term_hold(&c->term, fd, incarnation);
		if (r < 0)
			return r;
		c->phase = HANDLE_HELD;
		c->first = false;
		c->hold_failed = 0;
		(void)answer_i64(text, "lease_ms", &lease_ms);
		c->lease_ms =
		    lease_ms > 0 && lease_ms <= UINT32_MAX ? (uint32_t)lease_ms : 0;
		c->stop = NULL;
		c->grace = false;
		for (unsigned i = 0; i < CONCLAVE_CGROUPS_MAX; i++)
			c->untold |= (uint32_t)(c->kills[i] >= 0) << i;
		return 0;
	}
	if (!answer_has(text, "error"))
		return -EPROTO;
	(void)answer_bool(text, "again", &later);
	return later ? -EAGAIN : -EPERM;
}

static void
take_stop(struct conclave *c, const char *text)
{
	static const char *const words[] = {"step-down", "transfer", "stopping", "lost"};
	char word[16];

	c->stop = "asked";
	if (answer_text(text, "stop", word, sizeof(word)))
		for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
			if (strcmp(word, words[i]) == 0)
				c->stop = words[i];
	c->grace = false;
	(void)answer_bool(text, "grace", &c->grace);
}

/* The connection has ended, or the hold was refused. */
static void
failed(struct conclave *c, uint64_t now_ns, int error)
{
	enum handle_hold phase = c->phase;

	c->hold_error = error;
	if (phase == HANDLE_LETS_GO || c->first) {
		hold_end(c);
		return;
	}
	if (phase == HANDLE_HELD)
		term_lost(&c->term);
	again(c, now_ns);
}

static void
take(struct conclave *c, const char *text, int fd, uint64_t now_ns)
{
	bool ok = false;
	int r;

	if (c->phase == HANDLE_ASKED) {
		r = take_answer(c, text, fd);
		if (r < 0)
			failed(c, now_ns, r);
	} else if (answer_has(text, "stop")) {
		take_stop(c, text);
	} else if (c->phase == HANDLE_LETS_GO && !answer_has(text, "kills")) {
		c->hold_error = answer_bool(text, "ok", &ok) && ok ? 0 : -EPROTO;
		hold_end(c);
	}
}

void
hold_step(struct conclave *c, uint64_t now_ns)
{
	if (c->phase == HANDLE_HOLD_AGAIN && now_ns >= c->hold_due_ns) {
		int r = hold_begin(c);

		if (r < 0)
			failed(c, now_ns, r);
	}
	for (unsigned i = 0; i < PACKETS && c->hold >= 0; i++) {
		int fd = -1, r = knock_take(c->hold, c->text, TEXT_CAP, &fd);

		if (r == -EAGAIN)
			break;
		if (r == 0)
			take(c, c->text, fd, now_ns);
		else if (r != -EMSGSIZE && r != -EBADMSG)
			failed(c, now_ns, r);
		else if (c->phase == HANDLE_ASKED)
			failed(c, now_ns, -EPROTO);
		if (fd >= 0)
			close(fd);
	}
	if (c->phase == HANDLE_HELD)
		tell_kills(c);
}
