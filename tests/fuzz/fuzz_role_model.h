/* The world around the one core that fuzz_role.c drives: the servers that it may talk to,
 * what they and its own disk have, which memberships the group goes through, and the
 * counting of those who have promised and acknowledged. Nothing here asks the core. */
#ifndef TESTS_FUZZ_FUZZ_ROLE_MODEL_H
#define TESTS_FUZZ_FUZZ_ROLE_MODEL_H

#include "peer/role.h"
#include "tests/fuzz/feed.h"
#include "tests/oracle.h"

#define SIDS  24 /* sids 0 … 23; most groups have those below SMALL */
#define SMALL 7
#define CONNS 3 /* the link, one beside it, one whose first packet is to come */
/* the versions of the group: plans[1] … */
#define PLANS 6
/* records[0]: none; then those that the group may start with; then what was proposed */
#define RECORDS 16
#define STARTS  5
#define FILES   24 /* more than there are different ones */

/* PINGs of ours that are looked at, and questions that may wait */
#define SENT      16
#define QUESTIONS 256

struct sent {
	int64_t zxid;
	uint64_t at_ms;
	uint64_t serial;
	bool counts; /* UPTODATE of its epoch went before it */
};

struct question {
	uint64_t number;
	uint64_t serial; /* of the last PING before it */
	bool waits;
};

struct conn {            /* one that the core was told of, and has not closed */
	uint64_t number; /* 0: none */
	bool dialled;
	bool used;        /* it is the link */
	int64_t said;     /* FOLLOWERINFO: what it has promised */
	int64_t offered;  /* LEADERINFO went over it */
	int64_t answered; /* ACKEPOCH came for that */
	int64_t promised; /* and it was a promise */
	int64_t told;     /* NEWLEADER went over it */
	int64_t acked;    /* ACK came */
	/* what its last ACKEPOCH said of memberships */
	bool known;
	struct members_instance disk;
	bool may_found;
	int64_t file_version;
	uint64_t file_digest;
	int64_t record_epoch;
	/* leases: UPTODATE went over it; PINGs; the lease that the last one asked for;
	 * what was promised, and the last PING that was answered */
	int64_t uptodate;
	struct sent sent[SENT];
	unsigned sent_count;
	uint32_t wants;
	uint64_t promised_ms;
	uint64_t answered_ping;
};

struct server {
	bool linked; /* MEMBERS: we may need a link to it */
	bool dialling;
	struct conn conns[CONNS];
	/* of this role of ours: it acknowledged this epoch with this disk */
	int64_t joined;
	struct members_instance joined_disk;
	/* What it has, where it is honest. */
	unsigned disk;
	unsigned plan;
	bool may_found;
	int64_t accepted;
	int64_t current;
	unsigned record;
	int64_t epoch; /* of the record */
};

struct readmit {
	int64_t sid;
	uint64_t at_ms;
};

struct model {
	struct feed feed;
	struct role_config config;
	struct role *role;
	bool twins; /* a copy of the core goes through each step, too */
	uint64_t now_ms;
	bool started;
	bool away;
	bool port_shut;
	bool stood;  /* in the last look */
	bool looked; /* in this step */
	uint64_t generation;
	uint64_t number; /* given last */
	struct members plans[PLANS];
	struct members file;
	struct members_record records[RECORDS];
	unsigned record_count;
	unsigned sid_count; /* SMALL, or SIDS */
	struct server servers[SIDS];

	bool writing;
	bool failed;              /* the last write: it may be tried again */
	struct role_record disk;  /* as WRITTEN said */
	struct role_record tried; /* the last whose write was started */
	bool claiming;            /* a claim waits for its answer */
	bool claims;              /* the write in progress has it */
	int64_t claim;
	unsigned refounds; /* that wait for their answer */
	bool gives_up;     /* and one whose write has not begun */
	int64_t promised;  /* the largest epoch that we promised to anybody, or used */
	int64_t epoch;     /* near what is going on: for likely packets */
	int64_t last_epoch;

	/* as a follower: LEADERINFO came; we answered; NEWLEADER; we acknowledged */
	int64_t asked;
	struct qpacket_leaderinfo timing;
	int64_t answered;
	struct members_record heard;
	int64_t acked;

	/* as a leader, in this role: LEADERINFO and NEWLEADER of ours */
	bool leads;
	int64_t proposed;
	int64_t told;
	/* the record that we go by: ours, or what a quorum has promised us; it is
	 * established; it takes all; it is a change that we have begun, and when */
	struct members_record base;
	bool established;
	bool founding;
	bool changing;
	uint64_t renewal_ms;
	/* the newest record that was reported; others of the same epoch differ */
	struct members_record newest;
	bool tie;
	struct members files[FILES];
	unsigned file_count;
	struct readmit readmits[64];
	unsigned readmit_count;

	/* leases: our memory, the page, this boot; what was published before it; who
	 * holds */
	struct role_memory memory;
	struct role_page page;
	unsigned char boot[ROLE_BOOT_LEN];
	uint64_t inherited_ms;
	unsigned holds;
	bool clocks_differ;
	/* the leader's epoch in its last PING over this link; RELEASE came, or went out,
	 * in this step; we are established before it or behind it */
	int64_t led;
	bool released;
	bool was_active;
	uint64_t ping_serial;
	uint64_t question;
	struct question questions[QUESTIONS];
	struct members_record ruling;

	bool members_told;
	bool joins;
	struct members current, last_seen; /* as MEMBERS said */
	struct msg_serial serial;
	struct msg_serial look_serial;
	struct vote vote;      /* of the last role */
	struct role_view view; /* told last */
	int64_t published;     /* in the view after this step */
};

/* ---- the servers ---- */

static struct members_instance
instance_of(int64_t sid, unsigned disk)
{
	return (struct members_instance){
	    .bytes = {0xf1, (unsigned char)sid, (unsigned char)disk}};
}

/* NULL: connmgr knows no such server. */
static struct server *
find_remote(struct model *m, int64_t sid)
{
	bool known = sid >= 0 && sid < (int64_t)m->sid_count && sid != m->config.sid;

	return known && m->servers[sid].linked ? &m->servers[sid] : NULL;
}

static struct conn *
find_conn(struct server *s, uint64_t number)
{
	for (unsigned i = 0; s && i < CONNS && number > 0; i++)
		if (s->conns[i].number == number)
			return &s->conns[i];
	return NULL;
}

static struct conn *
link_of(struct server *s)
{
	for (unsigned i = 0; s && i < CONNS; i++)
		if (s->conns[i].used)
			return &s->conns[i];
	return NULL;
}

static unsigned
remote_count(const struct model *m)
{
	unsigned count = 0;

	for (unsigned i = 0; i < m->sid_count; i++)
		count += m->servers[i].linked && (int64_t)i != m->config.sid;
	return count;
}

/* ---- the memberships ---- */

static const struct member *
voter_of(const struct members *m, int64_t sid)
{
	for (unsigned i = 0; i < m->count; i++)
		if (m->list[i].sid == sid)
			return m->list[i].observer ? NULL : &m->list[i];
	return NULL;
}

static bool
is_member(const struct members *m, int64_t sid)
{
	for (unsigned i = 0; i < m->count; i++)
		if (m->list[i].sid == sid)
			return true;
	return false;
}

static bool
has_voter(const struct members *m, int64_t sid, const struct members_instance *disk)
{
	const struct member *one = voter_of(m, sid);

	return one && oracle_same_disk(&one->instance, disk);
}

static bool
is_simple(const struct members_record *r)
{
	return r->old.version == 0;
}

static bool
is_voter_by_sid(const struct members_record *r, int64_t sid)
{
	return voter_of(&r->old, sid) || voter_of(&r->new, sid);
}

/* Are we no voter? */
static bool
observes(const struct model *m)
{
	if (m->tried.members.epoch == 0)
		return !voter_of(&m->file, m->config.sid);
	return !is_voter_by_sid(&m->tried.members, m->config.sid);
}

static bool
may_found(const struct model *m)
{
	return m->tried.members.epoch == 0 &&
	       (m->file.version == 1 || m->tried.may_found) &&
	       voter_of(&m->file, m->config.sid);
}

static bool
is_own(const struct model *m, const struct members_record *r)
{
	const struct members_instance *disk = &m->disk.instance;

	return has_voter(&r->old, m->config.sid, disk) ||
	       has_voter(&r->new, m->config.sid, disk);
}

/* The sids of `mask` from `first` on, in this version; `kind` says what they are. */
static void
make_members(struct members *m, int64_t version, uint32_t mask, int64_t first,
             unsigned kind)
{
	memset(m, 0, sizeof(*m));
	m->version = version;
	m->hierarchical = kind == 1;
	for (unsigned i = 0; i < MEMBERS_MAX; i++) {
		struct member *one = &m->list[m->count];

		if (!(mask >> i & 1))
			continue;
		one->sid = first + i;
		one->weight = 1;
		if (m->hierarchical) {
			one->has_group = true;
			one->group = i % 2;
			one->weight = i % 3 ? 3 - i % 3 : m->count == 0;
		}
		m->count++;
	}
	if (kind == 2 && m->count > 2) {
		m->list[m->count - 1].observer = true;
		m->list[m->count - 1].weight = 0;
	}
}

/* The versions of a group: in most, a server or two come or go. */
static void
make_plans(struct model *m)
{
	static const uint32_t firsts[] = {0x1, 0x7, 0x7, 0x1f, 0x3, 0x0f};
	unsigned b = feed_byte(&m->feed);
	uint32_t mask = firsts[b % 6];
	bool wide = b >= 248;

	m->sid_count = wide ? SIDS : SMALL;
	for (unsigned v = 1; v < PLANS; v++) {
		unsigned kind = feed_byte(&m->feed) % 8;

		if (wide) { /* no server is in two */
			make_members(&m->plans[v], v, 0xff, v % 3 * 8, 0);
			continue;
		}
		make_members(&m->plans[v], v, mask, 0, kind);
		b = feed_byte(&m->feed);
		if (b >= 224)
			mask = b % 127 + 1;
		else
			mask ^= (uint32_t)(1 << b % SMALL | 1 << b / SMALL % SMALL);
		if (mask == 0)
			mask = 2;
	}
}

/* With the disks that the servers have now. */
static struct members
with_disks(const struct model *m, const struct members *list)
{
	struct members out = *list;

	for (unsigned i = 0; i < out.count; i++) {
		struct member *one = &out.list[i];

		if (!one->observer)
			one->instance = instance_of(one->sid, m->servers[one->sid].disk);
	}
	return out;
}

/* Returns its index in the records. */
static unsigned
add_record(struct model *m, const struct members_record *r)
{
	unsigned at;

	for (unsigned i = 1; i < RECORDS; i++)
		if (members_same_record(&m->records[i], r))
			return i;
	at = STARTS + m->record_count++ % (RECORDS - STARTS);
	m->records[at] = *r;
	return at;
}

static void
make_records(struct model *m)
{
	m->records[1].new = with_disks(m, &m->plans[1]);
	m->records[2].old = m->records[1].new;
	m->records[2].new = with_disks(m, &m->plans[2]);
	m->records[3].new = m->records[2].new;
	m->records[4].new = with_disks(m, &m->plans[3]);
}

/* ---- counting ---- */

/* We, by our disk, and the servers whose link has `epoch` in `field`, by that which they
 * show. */
static unsigned
collect(const struct model *m, size_t field, int64_t epoch,
        struct members_id ids[SIDS + 1])
{
	unsigned count = 0;

	ids[count++] = (struct members_id){m->config.sid, m->disk.instance};
	for (unsigned i = 0; i < m->sid_count; i++) {
		const struct conn *c = link_of((struct server *)&m->servers[i]);

		if (c && c->known && *(const int64_t *)((const char *)c + field) == epoch)
			ids[count++] = (struct members_id){i, c->disk};
	}
	return count;
}

/* Quorums of old and of new; or all. */
static bool
is_enough(const struct model *m, const struct members_record *r, bool all, size_t field,
          int64_t epoch)
{
	struct members_id ids[SIDS + 1];
	unsigned count = collect(m, field, epoch, ids);

	if (all)
		return oracle_is_all(&r->new, ids, count);
	return (is_simple(r) || oracle_is_quorum(&r->old, ids, count)) &&
	       oracle_is_quorum(&r->new, ids, count);
}

#endif
