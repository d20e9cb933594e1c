/* The two seats of the electors; see crew.h. */
#include "supervisor/crew_impl.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static unsigned
member_of(const struct crew *c, unsigned seat)
{
	unsigned i = 0;

	while (c->members[i].plan->seat != (int)seat) {
		i++;
		assert(i < CREW_COUNT);
	}
	return i;
}

static struct crew_member *
crew_seat(struct crew *c, unsigned seat)
{
	return &c->members[member_of(c, seat)];
}

int
crew_set_program(struct crew_member *m, const struct record_program *elector)
{
	/* argv is not const, though nobody writes there */
	static char option_config[] = "-c", option_name[] = "--name";
	bool named = m->plan->seat >= 0 && elector->path[0] != '\0';
	int len = named ? snprintf(m->path, sizeof(m->path), "%s", elector->path)
	                : snprintf(m->path, sizeof(m->path), "%s/%s",
	                           m->crew->options->program_dir, m->plan->program);

	if (len < 0 || (size_t)len >= sizeof(m->path))
		return -ENAMETOOLONG;
	strcpy(m->name, m->plan->seat >= 0 ? elector->name : "main");
	m->argv[0] = m->path;
	m->argv[1] = option_config;
	m->argv[2] = m->crew->config;
	m->argv[3] = option_name;
	m->argv[4] = m->name;
	return 0;
}

unsigned
crew_active(const struct crew *c)
{
	return member_of(c, c->active);
}

void
crew_set_active(struct crew *c, unsigned seat)
{
	c->active = seat;
	c->ops->on_change(c->user);
}

bool
crew_is_wanted(const struct crew *c, unsigned member)
{
	return c->members[member].plan->seat != (int)(1 - c->active);
}

int
crew_shadow(const struct crew *c)
{
	unsigned spare = member_of(c, 1 - c->active);

	return c->members[spare].life.pid > 0 ? (int)spare : -1;
}

int
crew_seat_start(struct crew *c, unsigned seat, const struct record_program *program)
{
	struct crew_member *m = crew_seat(c, seat);
	int r;

	assert(m->life.state == CHILD_DOWN);
	child_init(&m->life, c->options->policy);
	memset(&m->said, 0, sizeof(m->said));
	r = crew_set_program(m, program);
	if (r < 0)
		return r;
	crew_step(m, CHILD_EV_START);
	r = m->life.pid > 0 ? 0 : -m->life.last.code;
	crew_seat_watch(c, seat);
	return r;
}

void
crew_seat_watch(struct crew *c, unsigned seat)
{
	c->watched[seat] = true;
	crew_step(crew_seat(c, seat), CHILD_EV_UNWANTED);
	crew_settle(c);
}

void
crew_seat_stop(struct crew *c, unsigned seat)
{
	c->watched[seat] = true;
	crew_step(crew_seat(c, seat), CHILD_EV_STOP);
	crew_settle(c);
}

void
crew_seat_keep(struct crew *c, unsigned seat)
{
	c->watched[seat] = false;
	if (!c->stopping)
		crew_step(crew_seat(c, seat), CHILD_EV_WANTED);
	crew_settle(c);
}

bool
crew_seat_watched(const struct crew *c, unsigned seat)
{
	return c->watched[seat];
}

bool
crew_seat_alive(const struct crew *c, unsigned seat)
{
	return c->members[member_of(c, seat)].life.pid > 0;
}

const char *
crew_seat_name(const struct crew *c, unsigned seat)
{
	return c->members[member_of(c, seat)].name;
}
