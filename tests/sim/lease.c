/* Programs that rely on leadership, as `conclave run` and the library do (S11), and what
 * must hold of leases (S3): there are never two at one instant, and nobody is established
 * in a higher epoch while one is valid.
 *
 * Each host may have two programs. Each holds, looks at the page now and then, acts up to
 * the last end that it has read, and lets go by word when it is asked to, after a while.
 * Its process may be stopped. The second one notices late that its peer has gone, and
 * goes on looking at the page. */
#include "peer/role_impl.h"
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_US 1000
#define US_PER_MS 1000
#define LOOK_US   12000   /* so often it looks at the page, at most */
#define AGAIN_US  30000   /* until it holds again */
#define GRACE_US  60000   /* from the request to let go, at most */
#define LAZY_US   2000000 /* from the end of its connection, at most */
#define PROGRAMS  2       /* of a host */
#define DRIFT_PPM 100000  /* drift_percent of the configuration, 10 */

struct program {
	struct proc proc;
	bool wants;
	bool lazy;
	uint64_t rests_us; /* until then it does not hold */
	struct door_conn *conn;
	bool holds;
	uint64_t incarnation; /* of the peer with which it holds */
	bool asked;           /* to let go */
	bool lets_go;         /* it has said that, and waits for the answer */
	/* What it acts for: the epoch, and the last end that it has read. 0: nothing. */
	int64_t epoch;
	uint64_t end_ns;
};

/* R10: a question whether we lead. */
struct reader {
	struct proc proc;
	struct door_conn *conn; /* NULL: nothing is asked */
	int64_t epoch;          /* somebody was established in it before the question */
};

static struct program programs[SIM_SERVERS_MAX][PROGRAMS];
static struct reader readers[SIM_SERVERS_MAX];
static int64_t established; /* the largest epoch in which anybody was */

/* Its process is its first member. */
static struct program *
program_of(struct proc *p)
{
	return (struct program *)p;
}

static uint64_t
now_ns(unsigned server)
{
	return sim_clock_us(server) * NS_PER_US;
}

/* ---- the checks ---- */

static bool
acts(const struct program *p)
{
	return p->proc.up && now_ns(p->proc.server) < p->end_ns;
}

/* Is there a lease on that host, or a program that acts by one? Of which epoch. */
static bool
is_valid(unsigned server, int64_t *epoch)
{
	const struct sim_server *s = &sim.servers[server];
	struct page_view v;

	for (unsigned k = 0; k < PROGRAMS; k++)
		if (acts(&programs[server][k])) {
			*epoch = programs[server][k].epoch;
			return true;
		}
	if (!s->powered || !page_read((const struct page *)s->disk.page, &v) ||
	    v.end_ns <= now_ns(server))
		return false;
	*epoch = v.epoch;
	return true;
}

void
sim_lease_page(unsigned server, const struct role_page *page)
{
	int64_t epoch;

	for (unsigned k = 0; page->end_ms == 0 && k < PROGRAMS; k++)
		if (acts(&programs[server][k]) && programs[server][k].holds)
			sim_fail("S11: server %u releases its lease, and a program has "
			         "not let go",
			         server + 1);
	if (page->end_ms * US_PER_MS <= sim_clock_us(server))
		return;
	for (unsigned i = 0; i < sim.count; i++)
		if (i != server && is_valid(i, &epoch))
			sim_fail("S3: servers %u and %u have leases, of epochs %" PRId64
			         " and %" PRId64,
			         i + 1, server + 1, epoch, page->epoch);
}

void
sim_lease_view(unsigned server, const struct role_view *v)
{
	int64_t epoch;

	if (v->active && v->epoch > established)
		established = v->epoch;
	for (unsigned i = 0; v->active && i < sim.count; i++)
		if (i != server && is_valid(i, &epoch) && epoch < v->epoch)
			sim_fail("S3: server %u is established in epoch %" PRId64
			         ", and server %u has a lease of epoch %" PRId64,
			         server + 1, v->epoch, i + 1, epoch);
}

/* ---- R10 ---- */

static void
read_answer(struct proc *proc, const char *text)
{
	static const char yes[] = "{\"leads\":true,\"epoch\":";
	struct reader *r = &readers[proc->server];

	if (text && strncmp(text, yes, strlen(yes)) == 0 &&
	    strtoll(text + strlen(yes), NULL, 10) < r->epoch)
		sim_fail("R10: server %u says that it leads, and was asked after epoch "
		         "%" PRId64 " was established",
		         proc->server + 1, r->epoch);
	if (text)
		sim_door_leave(r->conn);
	r->conn = NULL;
}

void
sim_lease_ask(unsigned server)
{
	struct reader *r = &readers[server];

	if (r->conn)
		return;
	r->proc = (struct proc){.server = server, .kind = SIM_KINDS, .up = true};
	r->epoch = established;
	r->conn = sim_door_call(&r->proc, read_answer);
	if (r->conn)
		sim_door_say(r->conn, "confirm");
}

/* ---- the programs ---- */

static void on_try(struct sim_item *it);

static void
later(struct program *p, uint64_t within_us, void (*run)(struct sim_item *))
{
	sim_put(sim.now_us + 1 + sim_random(within_us), &p->proc, run, p, 0);
}

static void
leave(struct program *p)
{
	if (p->conn)
		sim_door_leave(p->conn);
	p->conn = NULL;
	p->holds = p->asked = p->lets_go = false;
	later(p, AGAIN_US, on_try);
}

static void
on_let_go(struct sim_item *it)
{
	struct program *p = it->object;

	if (!p->asked || !p->conn || p->lets_go)
		return;
	p->end_ns = 0; /* all of it is dead */
	p->lets_go = true;
	p->holds = false;
	sim_door_say(p->conn, "let go");
}

static void
on_notice(struct sim_item *it)
{
	struct program *p = it->object;

	p->holds = p->asked = p->lets_go = false;
	later(p, AGAIN_US, on_try);
}

static void
heard(struct proc *proc, const char *text)
{
	static const char key[] = "\"incarnation\":\"";
	struct program *p = program_of(proc);
	const char *at = text ? strstr(text, key) : NULL;

	if (!text) {
		p->conn = NULL;
		later(p, p->lazy ? LAZY_US : 1, on_notice);
	} else if (strstr(text, "\"error\"") || p->lets_go) {
		leave(p);
	} else if (strstr(text, "\"stop\"")) {
		if (!p->asked)
			later(p, GRACE_US, on_let_go);
		p->asked = true;
	} else if (at) {
		p->incarnation = strtoull(at + strlen(key), NULL, 16);
		p->holds = true;
	}
}

static void
on_try(struct sim_item *it)
{
	struct program *p = it->object;

	if (p->conn || p->holds || !p->wants)
		return;
	if (sim.now_us < p->rests_us) {
		sim_put(p->rests_us + sim_random(2000), &p->proc, on_try, p, 0);
		return;
	}
	p->conn = sim_door_call(&p->proc, heard);
	if (p->conn)
		sim_door_say(p->conn, "hold program");
	else
		later(p, AGAIN_US, on_try);
}

static void
on_look(struct sim_item *it)
{
	struct program *p = it->object;
	unsigned server = p->proc.server;
	struct page_view v;

	later(p, LOOK_US, on_look);
	sim.looks += p->holds;
	if (!p->holds || p->asked ||
	    !page_read((const struct page *)sim.servers[server].disk.page, &v) ||
	    (v.incarnation != p->incarnation && sim.bug != SIM_BUG_RELIES) ||
	    v.end_ns <= now_ns(server))
		return;
	p->epoch = v.epoch;
	p->end_ns = v.end_ns;
	sim.acted++;
}

static void
begin(struct program *p)
{
	if (!p->wants)
		return;
	p->proc = (struct proc){.server = p->proc.server,
	                        .kind = SIM_KINDS,
	                        .up = true,
	                        .life = p->proc.life + 1};
	p->conn = NULL;
	p->holds = p->asked = p->lets_go = false;
	p->end_ns = 0;
	later(p, AGAIN_US, on_try);
	later(p, LOOK_US, on_look);
}

static void
on_boot(struct sim_item *it)
{
	begin(it->object);
}

void
sim_lease_power_off(unsigned server)
{
	for (unsigned k = 0; k < PROGRAMS; k++) {
		struct program *p = &programs[server][k];

		if (p->conn)
			sim_door_leave(p->conn);
		p->conn = NULL;
		p->proc.up = false;
		p->proc.life++;
		sim_put(sim.now_us + sim_random(1000000), NULL, on_boot, p, 0);
	}
}

bool
sim_lease_is_valid(unsigned server)
{
	int64_t epoch;

	return is_valid(server, &epoch);
}

void
sim_lease_rest(unsigned server, uint64_t us)
{
	for (unsigned k = 0; k < PROGRAMS; k++) {
		struct program *p = &programs[server][k];

		p->rests_us = sim.now_us + us;
		if (!p->conn || p->asked)
			continue;
		p->asked = true;
		sim_put(sim.now_us, &p->proc, on_let_go, p, 0);
	}
}

void
sim_lease_die(unsigned server)
{
	struct program *p = &programs[server][sim_random(PROGRAMS)];

	sim_say("* a program of %u dies", server + 1);
	if (p->conn)
		leave(p);
}

void
sim_lease_begin(void)
{
	memset(programs, 0, sizeof(programs));
	memset(readers, 0, sizeof(readers));
	established = 0;
	sim_bug_lease_begin();
	for (unsigned i = 0; i < sim.count; i++) {
		int64_t rate = 0;

		if (sim.leases) {
			rate = (int64_t)sim_random(2 * DRIFT_PPM + 1) - DRIFT_PPM;
			if (sim_random(3) == 0)
				rate = rate < 0 ? -DRIFT_PPM : DRIFT_PPM;
		}
		if (sim.bug == SIM_BUG_DRIFT)
			rate *= 4;
		sim.servers[i].drift_ppm = rate;
		for (unsigned k = 0; k < PROGRAMS; k++) {
			struct program *p = &programs[i][k];

			p->proc.server = i;
			p->wants = sim.leases && sim_random(4) != 0;
			p->lazy = k > 0;
			begin(p);
		}
	}
}

void
sim_lease_fault(void)
{
	struct program *p = &programs[sim_random(sim.count)][sim_random(PROGRAMS)];
	unsigned server = (unsigned)sim_random(sim.count);
	uint64_t us = sim_random(sim_random(3) ? 100000 : 1500000);
	char words[32];

	switch (sim_random(4)) {
	case 0:
		sim_say("* a program of %u is stopped for %u ms", p->proc.server + 1,
		        (unsigned)(us / US_PER_MS));
		p->proc.paused_us = sim.now_us + us;
		break;
	case 1:
		sim_lease_die(server);
		break;
	case 2:
		sim_say("* %u is asked to step down", server + 1);
		sim_door_ask(server, SIM_PEER, "step-down");
		break;
	default:
		snprintf(words, sizeof(words), "transfer %u",
		         1 + (unsigned)sim_random(sim.count));
		sim_say("* %u is asked to %s", server + 1, words);
		sim_door_ask(server, SIM_PEER, words);
		break;
	}
}
