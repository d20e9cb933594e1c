/* Who counts for what: rules N1 to N8 and N11 of docs/MEMBERSHIP.md, as the fuzzer of the
 * peer's core checks them. */
#ifndef TESTS_FUZZ_FUZZ_ROLE_MEMBERS_H
#define TESTS_FUZZ_FUZZ_ROLE_MEMBERS_H

#include "tests/fuzz/fuzz_role_model.h"

#define READMIT_MS (10 * 60 * 1000)

static void
note_file(struct model *m)
{
	for (unsigned i = 0; i < m->file_count; i++)
		if (members_equal(&m->files[i], &m->file))
			return;
	must(m->file_count < FILES, "there are not so many files");
	m->files[m->file_count++] = m->file;
}

static void
begin_role(struct model *m)
{
	m->leads = m->vote.state == NOTIF_LEADING;
	m->proposed = m->told = 0;
	m->asked = m->answered = m->acked = 0;
	memset(&m->heard, 0, sizeof(m->heard));
	m->base = m->tried.members;
	m->established = m->founding = m->changing = m->tie = false;
	m->renewal_ms = 0;
	memset(&m->newest, 0, sizeof(m->newest));
	m->file_count = m->readmit_count = 0;
	memset(m->files, 0, sizeof(m->files));
	note_file(m);
	for (unsigned i = 0; i < m->sid_count; i++)
		m->servers[i].joined = 0;
}

/* An ACKEPOCH that answers what we offered. */
static void
note_report(struct model *m, struct conn *c, const struct role_event *ev)
{
	const struct members_record *r = &ev->report->record;

	c->answered = c->offered;
	if (ev->answer.current >= 0)
		c->promised = c->offered;
	c->known = true;
	c->disk = ev->report->instance;
	c->may_found = ev->report->may_found;
	c->file_version = ev->report->version;
	c->file_digest = ev->report->digest;
	c->record_epoch = r->epoch;
	if (r->epoch > m->newest.epoch) {
		m->newest = *r;
		m->tie = false;
	} else if (r->epoch == m->newest.epoch && !members_same_record(r, &m->newest)) {
		m->tie = true;
	}
}

/* ---- what a leader proposes ---- */

/* N3: a voter of `list`, the group that is founded. */
static bool
is_founder(struct model *m, const struct member *one, int64_t epoch)
{
	struct conn *c = link_of(find_remote(m, one->sid));

	if (one->observer)
		return true;
	if (one->sid == m->config.sid)
		return oracle_same_disk(&one->instance, &m->disk.instance);
	return c && c->known && c->promised == epoch && c->record_epoch == 0 &&
	       oracle_same_disk(&one->instance, &c->disk) &&
	       c->file_version == m->file.version &&
	       c->file_digest == members_digest(&m->file) &&
	       (c->file_version == 1 || c->may_found);
}

static void
check_founding(struct model *m, int64_t epoch, const struct members_record *r)
{
	must(may_found(m), "a group is founded without a record (N3)");
	must(m->newest.epoch == 0, "and not where somebody has one");
	must(is_simple(r) &&
	         r->new.version == m->file.version &&members_same_list(&r->new, &m->file),
	     "with the members of our file");
	for (unsigned i = 0; i < r->new.count; i++)
		must(is_founder(m, &r->new.list[i], epoch),
		     "by all its voters, with equal files");
}

static bool
was_wished(const struct model *m, const struct members *t)
{
	for (unsigned i = 0; i < m->file_count; i++)
		if (m->files[i].version == t->version &&
		    members_same_list(&m->files[i], t))
			return true;
	return false;
}

/* N6: in ten minutes, but for the time between a change's begin and its promises. */
static void
note_readmission(struct model *m, int64_t sid)
{
	uint64_t slack = (uint64_t)m->config.init_limit * m->config.tick_ms + 1;
	unsigned count = 0, kept = sizeof(m->readmits) / sizeof(m->readmits[0]);

	m->readmits[m->readmit_count++ % kept] = (struct readmit){sid, m->now_ms};
	for (unsigned i = 0; i < kept && i < m->readmit_count; i++)
		count += m->readmits[i].sid == sid &&
		         m->now_ms + slack < m->readmits[i].at_ms + READMIT_MS;
	must(count <= 3, "a server is taken in again three times in ten minutes");
}

/* N6: `t` is the target of a change that we have begun. */
static void
check_target(struct model *m, const struct members *t)
{
	const struct members *now = &m->base.new;

	must(t->version >= now->version, "a target is newer, or has other disks");
	must(t->version > now->version ? was_wished(m, t) : members_same_list(t, now),
	     "it is what our file says, or what there was");
	must(!members_equal(t, now), "a change changes something");
	for (unsigned i = 0; i < t->count; i++) {
		const struct member *one = &t->list[i];
		const struct server *s = &m->servers[one->sid];

		if (one->observer || has_voter(now, one->sid, &one->instance))
			continue;
		if (voter_of(now, one->sid))
			note_readmission(m, one->sid);
		if (one->sid == m->config.sid)
			must(oracle_same_disk(&one->instance, &m->disk.instance),
			     "we come in with our own disk");
		else
			must(s->joined == m->base.epoch &&
			         oracle_same_disk(&one->instance, &s->joined_disk),
			     "a new voter has acknowledged the present epoch first");
	}
}

/* N7: not before init_limit is over. */
static void
check_given_up(const struct model *m)
{
	must(m->changing && !m->established, "who began a change gives it up, or nobody");
	must(m->renewal_ms == 0 ||
	         m->now_ms >=
	             m->renewal_ms + (uint64_t)m->config.init_limit * m->config.tick_ms,
	     "not before init_limit is over");
}

/* What a leader goes over to when all that it knows is its base. */
static void
check_next(struct model *m, int64_t epoch, const struct members_record *r)
{
	if (m->base.epoch == 0) {
		check_founding(m, epoch, r);
		m->founding = true;
	} else if (members_same_record(r, &m->base)) {
		/* another epoch is all that changes */
	} else if (is_simple(&m->base)) {
		must(m->established, "a leader that is not established changes nothing");
		must(members_equal(&r->old, &m->base.new), "a change begins joint");
		check_target(m, &r->new);
		m->changing = true;
	} else if (is_simple(r) && members_equal(&r->new, &m->base.new)) {
		must(m->established, "the joint step is established before the second");
		m->changing = false;
	} else {
		must(is_simple(r) && members_equal(&r->new, &m->base.old),
		     "a joint record is carried through, or given up");
		check_given_up(m);
		m->changing = false;
	}
}

/* We alone are enough: then what was promised may be written a while later. */
static bool
is_alone(const struct model *m, const struct members_record *r)
{
	const struct members_id us = {m->config.sid, m->disk.instance};

	return (is_simple(r) || oracle_is_quorum(&r->old, &us, 1)) &&
	       oracle_is_quorum(&r->new, &us, 1);
}

/* A quorum has promised us `epoch`, for this. */
static void
check_pair(struct model *m, int64_t epoch, const struct members_record *r)
{
	bool adopts = m->newest.epoch > m->base.epoch;

	if (epoch == m->base.epoch) {
		must(members_same_record(r, &m->base), "one epoch has one record");
		return;
	}
	must(epoch > m->base.epoch, "the epoch of the record never falls");
	if (adopts && members_same_record(r, &m->newest))
		m->founding = m->changing = false;
	else if (adopts && !m->tie && !is_alone(m, r))
		must(false, "the newest record is adopted (N4)");
	else if (!adopts || !m->tie)
		check_next(m, epoch, r);
	must(is_enough(m, r, m->founding, offsetof(struct conn, promised), epoch),
	     "NEWLEADER: quorums of old and of new have promised the epoch");
	m->base = *r;
	m->base.epoch = epoch;
	m->established = false;
}

/* Has it a weight? */
static bool
may_lead(const struct members *list, int64_t sid)
{
	const struct member *one = voter_of(list, sid);

	return one && one->weight > 0;
}

static void
check_establish(struct model *m, int64_t epoch)
{
	must(m->leads && epoch == m->base.epoch, "what is established was promised");
	must(is_enough(m, &m->base, m->founding, offsetof(struct conn, acked), epoch),
	     "established: quorums of old and of new have acknowledged");
	must(m->disk.members.epoch == epoch &&
	         members_same_record(&m->disk.members, &m->base),
	     "our own ACK counts once it is written");
	must(is_own(m, &m->base), "who is removed is not established (N8)");
	must(may_lead(&m->base.old, m->config.sid) ||
	         may_lead(&m->base.new, m->config.sid),
	     "nor who has no weight any more");
	m->established = true;
	m->founding = false;
	m->renewal_ms = 0;
}

/* ---- the record ---- */

static void
check_record(struct model *m, const struct role_record *w)
{
	const struct members_record *r = &w->members, *was = &m->tried.members;

	must(oracle_same_disk(&w->instance, &m->disk.instance), "a disk stays the same");
	if (r->epoch == was->epoch && !(m->gives_up && r->epoch == 0)) {
		must(members_same_record(r, was) && w->may_found == m->tried.may_found,
		     "a record changes with its epoch");
		return;
	}
	if (r->epoch == 0) {
		must(m->gives_up && r->new.version == 0 && r->old.version == 0 &&
		         w->may_found,
		     "a record is given up where a person says so (N11)");
		m->gives_up = false;
		return;
	}
	must(r->epoch > was->epoch, "the epoch of the record never falls");
	must(!w->may_found, "who has a record founds nothing");
	must(r->epoch <= w->current, "a record goes with its epoch");
	if (m->leads)
		check_pair(m, r->epoch, r);
	else
		must(r->epoch == m->heard.epoch && members_same_record(r, &m->heard),
		     "a follower's record is its leader's");
}

static void
check_refounded(struct model *m, int error)
{
	must(m->refounds > 0, "REFOUNDED answers REFOUND, once");
	must(error != 0 || (m->disk.members.epoch == 0 && m->disk.may_found),
	     "a record is given up when that is on the disk");
	m->refounds--;
}

/* ---- what is told ---- */

static bool
is_needed(const struct model *m, int64_t sid)
{
	const struct members_record *r = &m->tried.members;

	return sid == m->config.sid || is_member(&r->old, sid) ||
	       is_member(&r->new, sid) || is_member(&m->file, sid);
}

static void
check_links(struct model *m, const struct role_told *t)
{
	for (unsigned i = 0; i < m->sid_count; i++) {
		struct server *s = &m->servers[i];
		bool linked = false;

		for (unsigned k = 0; k < t->count; k++)
			linked |= t->sids[k] == (int64_t)i;
		must(linked || t->count > ROLE_LEARNERS_MAX || !is_needed(m, i),
		     "whom we may need is linked");
		must(!linked || m->leads || is_needed(m, i) ||
		         m->vote.leader == (int64_t)i,
		     "who leads nobody links whom it may need, and nobody else");
		if (!linked)
			for (unsigned k = 0; k < CONNS; k++)
				must(s->conns[k].number == 0 && !s->dialling,
				     "who is in nothing any more is closed");
		s->linked = linked;
	}
}

static void
check_told(struct model *m, const struct role_told *t)
{
	static const struct members none;

	for (unsigned i = 0; i < t->count; i++)
		for (unsigned k = 0; k < i; k++)
			must(t->sids[i] != t->sids[k], "nobody is linked twice");
	must(t->count <= ROLE_LEARNERS_MAX + 1, "there is room for the links");
	m->members_told = true;
	m->joins = t->joins;
	m->current = *t->current;
	m->last_seen = t->last_seen ? *t->last_seen : none;
	check_links(m, t);
}

static void
must_link_all(const struct model *m, const struct members *list)
{
	for (unsigned i = 0; i < list->count; i++)
		must(m->servers[list->list[i].sid].linked ||
		         remote_count(m) == ROLE_LEARNERS_MAX,
		     "whom we may need is linked");
}

/* After a step: what counts has been said (N2, N5). */
static void
check_told_all(const struct model *m)
{
	const struct members_record *r = &m->tried.members;
	bool joint = !is_simple(r);

	if (!m->members_told)
		return;
	must(m->joins == (r->epoch == 0), "who has no record joins");
	must(
	    members_equal(&m->current, m->joins ? &m->file : (joint ? &r->old : &r->new)),
	    "what counts is told");
	must(joint ? members_equal(&m->last_seen, &r->new) : m->last_seen.version == 0,
	     "and what is to count");
	must_link_all(m, &r->old);
	must_link_all(m, &r->new);
	must_link_all(m, &m->file);
}

static void
check_after(struct model *m)
{
	struct role_members_view v;

	check_told_all(m);
	must(m->refounds == 0 || m->writing || m->failed,
	     "a REFOUND that is not answered is being written");
	role_get_members(m->role, m->now_ms, &v);
	must((unsigned)v.state <= ROLE_MEMBERS_DISK_CHANGES &&
	         v.missing_count <= MEMBERS_MAX,
	     "the words about members are some");
	if (!m->config.zab || !m->started)
		return;
	must(v.has_record == (m->tried.members.epoch > 0) &&
	         v.joint == !is_simple(&m->tried.members) && v.wished == m->file.version,
	     "what is said of members is so");
	for (unsigned i = 0; i < v.missing_count; i++)
		must(v.missing[i] != m->config.sid, "we do not miss ourselves");
	must(v.state != ROLE_MEMBERS_IN_FORCE || !v.joint,
	     "in force is said after the second step only");
	if (m->view.has_leader && !m->leads)
		must(v.other_timing == (m->timing.tick_ms != m->config.tick_ms ||
		                        m->timing.init_limit != m->config.init_limit ||
		                        m->timing.sync_limit != m->config.sync_limit),
		     "a follower goes by its leader's timing (N14)");
}

#endif
