/* Wishes: files with another list of members, one version higher, as operators write
 * them: some servers more or fewer, other roles, weights and groups, now and then two
 * lists of one version. Each server gets the file at a moment of its own, and is told to
 * reload, or restarted, or neither; a server that was in no list starts with it. */
#include "tests/sim/sim.h"

#include <assert.h>
#include <string.h>

#define EDIT_US   400000 /* until the last server has the file */
#define RELOAD_US 300000 /* from then on */

static struct members members; /* of the wish */
static bool torn;              /* there are two lists of its version */

static bool
read_members(const struct conf *c, struct members *out)
{
	static struct members_hints hints;

	hints.count = 0;
	return conf_members(c, out, &hints);
}

struct members
sim_wish_members(void)
{
	return members;
}

/* ---- what is wished ---- */

static struct conf_server *
any_server(struct conf *c)
{
	return &c->servers[sim_random(c->server_count)];
}

static void
drop(struct conf *c, const struct conf_server *s)
{
	unsigned at = (unsigned)(s - c->servers);

	memmove(&c->servers[at], &c->servers[at + 1],
	        (--c->server_count - at) * sizeof(*s));
}

static void
add_or_drop(struct conf *c)
{
	int64_t id = 1 + (int64_t)sim_random(sim.count);
	const struct conf_server *s = conf_server(c, id);

	if (s && c->server_count > 1)
		drop(c, s);
	else if (!s)
		sim_make_server(&c->servers[c->server_count++], (unsigned)id - 1);
}

static void
change_role(struct conf *c)
{
	struct conf_server *s = any_server(c);

	s->observer = !s->observer;
}

static void
change_weights(struct conf *c)
{
	c->hierarchical = sim_random(3) != 0;
	for (unsigned i = 0; i < c->server_count; i++) {
		c->servers[i].weight = (int64_t)sim_random(3);
		c->servers[i].group = (int64_t)sim_random(2);
	}
}

/* Weights and groups are of voters, and somebody must be able to lead. */
static void
mend(struct conf *c)
{
	bool leads = false;

	for (unsigned i = 0; i < c->server_count; i++) {
		struct conf_server *s = &c->servers[i];

		s->has_group = c->hierarchical && !s->observer;
		if (!s->has_group)
			s->weight = 1;
		if (!s->has_group)
			s->group = 0;
		sim_prefer(s, c->version + 1);
		leads |= !s->observer && s->weight > 0;
	}
	if (leads)
		return;
	c->servers[0].observer = false;
	c->servers[0].has_group = c->hierarchical;
	c->servers[0].weight = 1;
}

static void
change(struct conf *c)
{
	static void (*const changes[])(struct conf * c) = {add_or_drop, add_or_drop,
	                                                   add_or_drop, add_or_drop,
	                                                   change_role, change_weights};
	struct conf was = *c;
	struct members made;

	for (uint64_t n = 1 + sim_random(3); n > 0; n--)
		changes[sim_random(sizeof(changes) / sizeof(changes[0]))](c);
	mend(c);
	if (!read_members(c, &made))
		*c = was;
}

static void
lift(void)
{
	sim.wish.version += sim_random(8) ? 1 : 2;
	torn = false;
}

static void
note(void)
{
	bool made = read_members(&sim.wish, &members);

	assert(made);
	sim_say("* version %u has %u servers:", sim.wish.version, members.count);
	for (unsigned i = 0; i < members.count; i++)
		sim_say("*   %d%s weight %d group %d", (int)members.list[i].sid,
		        members.list[i].observer ? " observer" : "",
		        (int)members.list[i].weight, (int)members.list[i].group);
	sim_loss_begin();
}

void
sim_wish_begin(void)
{
	torn = false;
	if (sim.wishes)
		for (uint64_t n = sim_random(sim.count); n > 0; n--)
			if (sim.wish.server_count > 1)
				drop(&sim.wish, any_server(&sim.wish));
	if (sim.wishes)
		mend(&sim.wish);
	/* one voter has no observers */
	for (unsigned i = 0; !read_members(&sim.wish, &members) && i < sim.count; i++)
		sim.wish.servers[i].observer = false;
	note();
}

/* ---- how it comes to the servers ---- */

/* As serve.c does at SIGHUP, and conf_load_again before that. */
static void
on_reload(struct sim_item *it)
{
	struct sim_server *s = it->object;
	struct members file;
	bool made = read_members(&s->conf, &file);

	assert(made);
	if (file.version == s->peer.file.version &&
	    !members_same_list(&file, &s->peer.file))
		peer_reloaded(&s->peer, NULL, "one version with two lists");
	else
		peer_reloaded(&s->peer, &s->conf, NULL);
}

static void
restart(struct sim_server *s, uint64_t within_us)
{
	for (unsigned k = 0; k < SIM_KINDS; k++) {
		sim_kill(&s->procs[k]);
		sim_start_later(&s->procs[k], sim_random(within_us));
	}
}

static void
on_edit(struct sim_item *it)
{
	unsigned at = (unsigned)it->arg;
	struct sim_server *s = &sim.servers[at];
	unsigned what = (unsigned)sim_random(8);

	if (sim.calm)
		return;
	sim_give_file(at, (const struct conf *)it->data);
	sim_say("* %u has version %u", at + 1, s->conf.version);
	if (s->idle && s->conf.self && what > 0)
		sim_employ(at, RELOAD_US);
	else if (!s->idle && what < 5)
		sim_put(sim.now_us + sim_random(RELOAD_US), &s->procs[SIM_PEER],
		        on_reload, s, 0);
	else if (!s->idle && what == 5)
		restart(s, RELOAD_US);
}

static void
send(unsigned server, const struct conf *c)
{
	struct sim_item *it =
	    sim_put(sim.now_us + sim_random(EDIT_US), NULL, on_edit, NULL, 0);

	it->arg = server;
	sim_put_data(it, c, sizeof(*c));
}

void
sim_wish(void)
{
	static struct conf other;
	bool tears = sim_random(12) == 0, all = sim_random(2);

	other = sim.wish;
	change(&sim.wish);
	lift();
	if (tears) {
		change(&other);
		other.version = sim.wish.version;
		torn = true;
	}
	note();
	for (unsigned i = 0; i < sim.count; i++)
		if (all || sim_random(3) != 0)
			send(i, tears && sim_random(2) ? &other : &sim.wish);
}

void
sim_wish_end(uint64_t within_us)
{
	if (torn) {
		lift();
		note();
	}
	for (unsigned i = 0; i < sim.count; i++) {
		struct sim_server *s = &sim.servers[i];

		sim_give_file(i, &sim.wish);
		if (s->idle && s->conf.self)
			sim_employ(i, within_us);
		else if (!s->idle)
			sim_put(sim.now_us + sim_random(within_us), &s->procs[SIM_PEER],
			        on_reload, s, 0);
	}
}

void
sim_wish_change(void)
{
	change(&sim.wish);
	lift();
	note();
}

/* ---- what came of it ---- */

bool
sim_wish_in_force(void)
{
	const struct members_record *r = sim_group_now();

	return r && r->old.version == 0 &&
	       r->new.version == members.version &&members_same_list(&r->new, &members);
}

static bool
has_disk_of(const struct members *m, int64_t sid)
{
	sim_shown shown = {NULL};

	shown[sid - 1] = sim_instance((unsigned)sid - 1);
	return sim_voters(m, shown) != 0;
}

/* Who is new has a way to the leader only where its file lists it. */
static bool
lists_leaders(void)
{
	for (unsigned i = 0; i < sim.count; i++)
		if (sim.servers[i].procs[SIM_PEER].up &&
		    sim.servers[i].peer.view.active && !conf_server(&sim.wish, i + 1))
			return false;
	return true;
}

/* A change waits for those voters that are new. */
bool
sim_wish_can_be(void)
{
	bool listed = lists_leaders();

	for (unsigned i = 0; i < members.count; i++) {
		const struct member *e = &members.list[i];

		if (!e->observer && (sim.servers[e->sid - 1].sick || !listed) &&
		    !has_disk_of(sim_in_force(), e->sid))
			return false;
	}
	return true;
}
