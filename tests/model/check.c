/* The invariants (docs/DESIGN.md, section "What must always hold"), after each step of
 * each core: S1, S2, S10, and that who is counted has what it is counted for. What is on
 * the disks is compared with what cores make of it; quorums are counted here anew. */
#include "tests/model/model.h"

#include <stdarg.h>
#include <stdio.h>

void
model_fail(const char *format, ...)
{
	va_list args;

	if (model.wrong[0] != '\0')
		return;
	va_start(args, format);
	vsnprintf(model.wrong, sizeof(model.wrong), format, args);
	va_end(args);
}

static const struct role_record *
disk_of(const struct model_world *w, int64_t sid)
{
	return model_record(w->servers[sid - 1].disk);
}

/* ---- what is on the disks ---- */

static void
check_durable(const struct model_world *w, uint8_t sid, int64_t epoch)
{
	unsigned count = 0;

	for (uint8_t i = 1; i <= model.c->servers; i++)
		count +=
		    disk_of(w, i)->accepted >= epoch && disk_of(w, i)->current >= epoch;
	if (2 * count <= model.c->servers)
		model_fail(
		    "S2: server %u leads epoch %d, which is on the disks of no quorum",
		    sid, (int)epoch);
}

/* Each whom a leader counts, whether the quorum needs it or not. */
static void
check_counted(const struct model_world *w, uint8_t sid, const struct role *r)
{
	if (r->lead.promised && disk_of(w, sid)->accepted < r->lead.proposal)
		model_fail("S2: server %u counts its own promise of epoch %d, which is "
		           "not on its disk",
		           sid, (int)r->lead.proposal);
	for (unsigned i = 0; i < r->remote_count; i++) {
		const struct role_remote *p = &r->remotes[i];

		if (!role_is_open(p))
			continue;
		if (p->link.promised > 0 &&
		    w->servers[p->sid - 1].promised[p->link.promised] != sid)
			model_fail("S1: server %u counts a promise of epoch %d, which "
			           "server %d did not make to it",
			           sid, (int)p->link.promised, (int)p->sid);
		if (p->link.acked > disk_of(w, p->sid)->current)
			model_fail("S2: server %u counts an ACK of epoch %d, which is "
			           "not on the disk of server %d",
			           sid, (int)p->link.acked, (int)p->sid);
	}
}

static void
check_promise(struct model_world *w, uint8_t sid, uint8_t leader, int8_t epoch)
{
	uint8_t *promised = &w->servers[sid - 1].promised[epoch];

	if (disk_of(w, sid)->accepted < epoch)
		model_fail("S10: server %u promises epoch %d, which is not on its disk",
		           sid, epoch);
	if (*promised > 0)
		model_fail("S1: server %u promised epoch %d to server %u, and now to "
		           "server %u",
		           sid, epoch, *promised, leader);
	*promised = leader;
}

void
model_check_send(struct model_world *w, uint8_t sid, const struct model_deed *d)
{
	const struct model_packet *p = &d->packet;

	if (p->type == QPACKET_ACKEPOCH && p->answer >= 0)
		check_promise(w, sid, d->sid, p->promise);
	if (p->type == QPACKET_ACK && disk_of(w, sid)->current < p->epoch)
		model_fail(
		    "S10: server %u acknowledges epoch %d, which is not on its disk", sid,
		    p->epoch);
}

/* ---- leaders ---- */

static void
check_published(struct model_world *w, uint8_t sid, int64_t epoch)
{
	struct model_server *s = &w->servers[sid - 1];

	if (epoch < s->seen)
		model_fail("S2: server %u publishes epoch %d after %u", sid, (int)epoch,
		           s->seen);
	s->seen = (uint8_t)epoch;
}

static void
check_established(struct model_world *w, uint8_t sid, int64_t epoch)
{
	if (epoch <= 0 || epoch >= MODEL_EPOCHS) {
		model_fail("server %u leads epoch %d", sid, (int)epoch);
		return;
	}
	if (w->established[epoch] > 0)
		model_fail(
		    "S1: epoch %d was established by server %u, and now by server %u",
		    (int)epoch, w->established[epoch], sid);
	if (epoch <= w->servers[sid - 1].before)
		model_fail("S2: server %u proposed epoch %d when %u was established", sid,
		           (int)epoch, w->servers[sid - 1].before);
	check_durable(w, sid, epoch);
	w->established[epoch] = sid;
	if (epoch > w->largest)
		w->largest = (uint8_t)epoch;
	check_published(w, sid, epoch);
}

static void
check_leader(struct model_world *w, uint8_t sid, const struct role *was,
             const struct role *r)
{
	/* another mode has 0 in all of `lead` */
	if (r->lead.proposal != was->lead.proposal)
		w->servers[sid - 1].before = w->largest;
	if (r->lead.promised && !was->lead.promised)
		check_promise(w, sid, sid, (int8_t)r->lead.proposal);
	if (r->lead.epoch != was->lead.epoch)
		check_established(w, sid, r->lead.epoch);
	check_counted(w, sid, r);
}

static void
check_follower(struct model_world *w, uint8_t sid, int64_t epoch)
{
	if (epoch >= MODEL_EPOCHS || w->established[epoch] == 0)
		model_fail("S2: server %u follows in epoch %d, which nobody established",
		           sid, (int)epoch);
	check_published(w, sid, epoch);
}

void
model_check(struct model_world *w, uint8_t sid, uint32_t before)
{
	const struct role *was = model_role(before);
	const struct role *r = model_role(w->servers[sid - 1].role);

	if (r->mode == ROLE_MODE_LEAD)
		check_leader(w, sid, was, r);
	else
		w->servers[sid - 1].before = 0;
	if (r->mode == ROLE_MODE_FOLLOW && r->follow.epoch != was->follow.epoch)
		check_follower(w, sid, r->follow.epoch);
}
