/* The connection that tells the state: the events of the peer (docs/DOORS.md). */
#include "lib/answer.h"
#include "lib/handle.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define TEXT_CAP   65537
#define PACKETS    16 /* at once; the descriptor stays readable */
#define FIRST_NS   UINT64_C(5000000)
#define SHIFTS_MAX 6

uint64_t
handle_again_ns(unsigned *failed)
{
	unsigned shifts = *failed < SHIFTS_MAX ? (*failed)++ : SHIFTS_MAX;

	return FIRST_NS << shifts;
}

static void
set_state(struct conclave *c, const struct conclave_state *state)
{
	const struct conclave_state *is = &c->state;

	if (is->role == state->role && is->has_leader == state->has_leader &&
	    is->leader == state->leader && is->epoch == state->epoch &&
	    is->id == state->id)
		return;
	c->state = *state;
	c->changes++;
}

static enum conclave_role
role_of(const char *text)
{
	char word[16];
	bool active;

	if (!answer_text(text, "state", word, sizeof(word)))
		return CONCLAVE_UNKNOWN;
	if (strcmp(word, "leading") == 0)
		return answer_bool(text, "active", &active) && active ? CONCLAVE_LEADS
		                                                      : CONCLAVE_LOOKING;
	if (strcmp(word, "following") == 0)
		return CONCLAVE_FOLLOWING;
	if (strcmp(word, "observing") == 0)
		return CONCLAVE_OBSERVING;
	return CONCLAVE_LOOKING;
}

static void
take(struct conclave *c, const char *text)
{
	struct conclave_state state = c->state;
	int64_t epoch;

	if (!answer_has(text, "state"))
		return;
	state.role = role_of(text);
	state.leader = 0;
	state.has_leader = answer_i64(text, "leader", &state.leader);
	if (answer_i64(text, "epoch", &epoch) && epoch > state.epoch)
		state.epoch = epoch;
	(void)answer_i64(text, "id", &state.id);
	set_state(c, &state);
}

static void
lost(struct conclave *c, uint64_t now_ns)
{
	struct conclave_state state = {.epoch = c->state.epoch, .id = c->state.id};

	if (c->watch >= 0)
		knock_end(c->watch, c->epoll);
	c->watch = -1;
	c->watch_due_ns = now_ns + handle_again_ns(&c->watch_failed);
	set_state(c, &state);
}

static void
open_watch(struct conclave *c, uint64_t now_ns)
{
	struct epoll_event ev = {.events = EPOLLIN};

	c->watch = knock(&c->path, "watch", -1);
	if (c->watch < 0 || epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->watch, &ev) < 0)
		lost(c, now_ns);
}

void
watch_step(struct conclave *c, uint64_t now_ns)
{
	if (c->watch < 0 && now_ns >= c->watch_due_ns)
		open_watch(c, now_ns);
	for (unsigned i = 0; i < PACKETS && c->watch >= 0; i++) {
		int fd = -1, r = knock_take(c->watch, c->text, TEXT_CAP, &fd);

		if (r == -EAGAIN)
			break;
		if (fd >= 0)
			close(fd);
		if (r == 0) {
			c->watch_failed = 0;
			take(c, c->text);
		} else if (r != -EMSGSIZE && r != -EBADMSG) {
			lost(c, now_ns);
		}
	}
}
