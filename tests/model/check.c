/* The invariants (docs/DESIGN.md, section "What must always hold"), after each step of
 * each core: S1, S2, S10, and that who is counted has what it is counted for. What is on
 * the disks is compared with what cores make of it. */
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

/* A person may have given up the record since (N11). */
static bool
has_stored(const struct model_world *w, int64_t sid, int64_t epoch)
{
	const struct role_record *disk = disk_of(w, sid);

	return disk->accepted >= epoch && disk->current >= epoch &&
	       (disk->members.epoch >= epoch || disk->may_found);
}

/* ---- what is on the disks ---- */

/* A disk that is lost counts for nothing any more, so it cannot do harm. */
static void
check_durable(const struct model_world *w, uint8_t sid, int64_t epoch,
              const struct members *m)
{
	unsigned count = 0;

	for (unsigned i = 0; i < m->count; i++) {
		const struct member *e = &m->list[i];
		uint8_t now = w->servers[e->sid - 1].instance;

		count += model_instance_number(&e->instance) != now ||
		         has_stored(w, e->sid, epoch);
	}
	if (m->version > 0 && 2 * count <= m->count)
		model_fail("S2: server %u leads epoch %d, which is on the disks of no "
		           "quorum of members %d",
		           sid, (int)epoch, (int)m->version);
}

static void
check_remote(const struct model_world *w, uint8_t sid, const struct model_core *r,
             uint8_t other)
{
	const struct model_remote *p = &r->remotes[other - 1];
	const struct role_record *disk = disk_of(w, other);

	if (p->promised > 0 && w->servers[other - 1].promised[p->promised] != sid)
		model_fail("S1: server %u counts a promise of epoch %d, which server %u "
		           "did not make to it",
		           sid, p->promised, other);
	if (p->acked > 0 && !has_stored(w, other, p->acked))
		model_fail("S2: server %u counts an ACK of epoch %d, which is not on the "
		           "disk of server %u",
		           sid, p->acked, other);
	if (p->acked > 0 && p->acked == r->proposal && disk->members.epoch == p->acked &&
	    model_keep_pair(&disk->members) != r->proposed)
		model_fail("S2: server %u counts an ACK of epoch %d of server %u, whose "
		           "disk has other members",
		           sid, p->acked, other);
}

/* Each whom a leader counts, whether the quorum needs it or not. */
static void
check_counted(const struct model_world *w, uint8_t sid, const struct model_core *r)
{
	if (r->promised && disk_of(w, sid)->accepted < r->proposal)
		model_fail("S2: server %u counts its own promise of epoch %d, which is "
		           "not on its disk",
		           sid, r->proposal);
	for (uint8_t other = 1; other <= model.c->servers; other++) {
		const struct model_remote *p = &r->remotes[other - 1];

		if (p->open && p->instance == w->servers[other - 1].instance)
			check_remote(w, sid, r, other);
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
		check_promise(w, sid, d->sid, p->epoch);
	if (p->type == QPACKET_ACK && !has_stored(w, sid, p->epoch))
		model_fail("S10: server %u acknowledges epoch %d, which is not on its "
		           "disk with its members",
		           sid, p->epoch);
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
check_established(struct model_world *w, uint8_t sid, const struct model_core *r,
                  bool founds, bool resumed)
{
	int8_t epoch = r->established;
	const struct members_record *pair = model_pair(r->proposed);

	if (epoch <= 0 || epoch >= MODEL_EPOCHS) {
		model_fail("server %u leads epoch %d", sid, epoch);
		return;
	}
	if (w->established[epoch] > 0 && !(resumed && w->established[epoch] == sid))
		model_fail(
		    "S1: epoch %d was established by server %u, and now by server %u",
		    epoch, w->established[epoch], sid);
	model_lease_check(w, sid, epoch);
	if (resumed && epoch < w->servers[sid - 1].before)
		model_fail("R7: server %u took up epoch %d again when %u was established",
		           sid, epoch, w->servers[sid - 1].before);
	if (!resumed && epoch <= w->servers[sid - 1].before)
		model_fail("S2: server %u proposed epoch %d when %u was established", sid,
		           epoch, w->servers[sid - 1].before);
	model_check_quorums(w, sid, r, true, founds);
	check_durable(w, sid, epoch, &pair->old);
	check_durable(w, sid, epoch, &pair->new);
	w->established[epoch] = sid;
	if (epoch > w->largest) {
		model_check_members(w, sid, r);
		w->largest = (uint8_t)epoch;
	}
	check_published(w, sid, epoch);
}

static void
check_leader(struct model_world *w, uint8_t sid, const struct model_core *was,
             const struct model_core *r)
{
	/* another mode has 0 in all of this; what is resumed was promised before (R7) */
	bool renewed = r->proposal != was->proposal && !r->resumes;
	bool promised = r->promised && !r->resumes && (!was->promised || renewed);
	bool resumed = was->resumes && r->established == was->proposal;

	/* a renewal may begin in the step that ends the one before */
	if (r->established != was->established && !r->resumes)
		check_established(w, sid, r, was->kind == ROLE_KIND_FOUND, resumed);
	if (renewed || (r->resumes && !was->resumes))
		w->servers[sid - 1].before = w->largest;
	if (promised) {
		check_promise(w, sid, sid, r->proposal);
		model_check_quorums(w, sid, r, false, r->kind == ROLE_KIND_FOUND);
	}
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
	const struct model_core *was = model_core(before);
	const struct model_core *r = model_core(w->servers[sid - 1].role);

	if (r->mode == ROLE_MODE_LEAD)
		check_leader(w, sid, was, r);
	else
		w->servers[sid - 1].before = 0;
	if (r->mode == ROLE_MODE_FOLLOW && r->followed != was->followed)
		check_follower(w, sid, r->followed);
}
