/* The core's state is one block of memory: a copy of its bytes, which takes the same
 * event, does the same and has the same bytes afterwards. */
#ifndef TESTS_FUZZ_FUZZ_ROLE_TWIN_H
#define TESTS_FUZZ_FUZZ_ROLE_TWIN_H

#include "peer/role_impl.h"
#include "tests/fuzz/feed.h"

static struct role twin_role;

/* Both are NULL, or lie at the same place in their core. */
static bool
twin_alike(const struct role *r, const void *of_r, const void *of_twin)
{
	if (!of_r || !of_twin)
		return of_r == of_twin;
	return (const char *)of_r - (const char *)r ==
	       (const char *)of_twin - (const char *)&twin_role;
}

/* What an action borrows is compared, and forgotten in the twin's. */
static bool
twin_borrowed(const struct role *r, const struct role_action *a, struct role_action *t)
{
	bool alike = true;

	if (a->type == ROLE_ACT_WRITE) {
		alike = twin_alike(r, a->u.write, t->u.write);
		t->u.write = a->u.write;
	} else if (a->type == ROLE_ACT_MEMBERS) {
		alike = twin_alike(r, a->u.members.current, t->u.members.current) &&
		        twin_alike(r, a->u.members.last_seen, t->u.members.last_seen) &&
		        twin_alike(r, a->u.members.sids, t->u.members.sids);
		t->u.members.current = a->u.members.current;
		t->u.members.last_seen = a->u.members.last_seen;
		t->u.members.sids = a->u.members.sids;
	} else if (a->type == ROLE_ACT_SEND) {
		alike = twin_alike(r, a->u.packet.report, t->u.packet.report) &&
		        twin_alike(r, a->u.packet.pair, t->u.packet.pair);
		t->u.packet.report = a->u.packet.report;
		t->u.packet.pair = a->u.packet.pair;
	}
	return alike;
}

static void
twin_step(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	static struct role_actions todo;

	memcpy(&twin_role, r, sizeof(twin_role));
	role_step(r, ev, out);
	role_step(&twin_role, ev, &todo);
	must(out->count == todo.count, "a copy does the same");
	for (unsigned i = 0; i < todo.count; i++)
		must(twin_borrowed(r, &out->list[i], &todo.list[i]),
		     "a copy borrows from itself");
	must(memcmp(out->list, todo.list, todo.count * sizeof(todo.list[0])) == 0,
	     "a copy says the same");
	must(memcmp(r, &twin_role, sizeof(twin_role)) == 0, "a copy becomes the same");
}

#endif
