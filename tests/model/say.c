/* Actions and worlds in words, for the trace. */
#include "tests/model/model.h"

#include <stdio.h>

static const char *
packet_name(uint8_t type)
{
	switch (type) {
	case QPACKET_FOLLOWERINFO:
		return "FOLLOWERINFO";
	case QPACKET_LEADERINFO:
		return "LEADERINFO";
	case QPACKET_ACKEPOCH:
		return "ACKEPOCH";
	case QPACKET_NEWLEADER:
		return "NEWLEADER";
	case QPACKET_ACK:
		return "ACK";
	case QPACKET_UPTODATE:
		return "UPTODATE";
	default:
		return "?";
	}
}

static void
say_packet(const struct model_packet *p)
{
	if (p->type == QPACKET_ACKEPOCH)
		printf("ACKEPOCH(%d%s)", p->promise, p->answer < 0 ? ", no promise" : "");
	else
		printf("%s(%d)", packet_name(p->type), p->epoch);
}

static void
say_record(uint8_t index)
{
	const struct role_record *r = model_record(index);

	printf("accepted %d, current %d", (int)r->accepted, (int)r->current);
}

static void
say_disk(const struct model_world *w, const struct model_action *a, const char *what)
{
	const struct model_server *s = &w->servers[a->server - 1];

	printf("s%u %s: ", a->server, what);
	say_record(s->writing ? s->writing : s->disk);
}

void
model_say_action(const struct model_world *w, const struct model_action *a)
{
	const struct model_link *k = &w->links[a->server - 1][a->slot];
	unsigned s = a->server, o = a->other;

	switch ((enum model_kind)a->kind) {
	case MODEL_LEAD:
		printf("s%u is told that it leads", s);
		break;
	case MODEL_FOLLOW:
		printf("s%u is told to follow s%u", s, o);
		break;
	case MODEL_WRITTEN:
		say_disk(w, a, "has written");
		break;
	case MODEL_DOWN:
		printf("s%u gets ", s);
		say_packet(&k->down[0]);
		printf(" from s%u", o);
		break;
	case MODEL_UP:
		printf("s%u gets ", o);
		say_packet(&k->up[0]);
		printf(" from s%u%s", s, a->slot ? ", over the older connection" : "");
		break;
	case MODEL_NEAR_ENDS:
		printf("s%u sees the end of its connection to s%u", s, o);
		break;
	case MODEL_FAR_ENDS:
		printf("s%u sees the end of the connection of s%u", o, s);
		break;
	case MODEL_NEWCOMER:
		printf("s%u takes the newer connection of s%u", s, o);
		break;
	case MODEL_RETRY:
		printf("s%u tries its write again", s);
		break;
	case MODEL_LOOK_AGAIN:
		printf("s%u loses its connections and looks again", s);
		break;
	case MODEL_CRASH:
		printf("s%u crashes%s", s,
		       w->servers[s - 1].writing ? ", and its write is lost" : "");
		break;
	case MODEL_CRASH_KEPT:
		say_disk(w, a, "crashes, and its write is kept");
		break;
	case MODEL_FAIL:
		say_disk(w, a, "fails to write");
		break;
	case MODEL_FAIL_KEPT:
		say_disk(w, a, "fails to write, though it is kept");
		break;
	case MODEL_END:
	case MODEL_KINDS:
		break;
	}
	putchar('\n');
}

static void
say_role(const struct role *r)
{
	if (r->mode == ROLE_MODE_LEAD)
		printf("leads: proposal %d%s, established %d", (int)r->lead.proposal,
		       r->lead.promised ? " (promised)" : "", (int)r->lead.epoch);
	else if (r->mode == ROLE_MODE_FOLLOW)
		printf("follows s%d: asked %d, told %d, established %d",
		       (int)r->vote.leader, (int)r->follow.asked, (int)r->follow.told,
		       (int)r->follow.epoch);
	else
		printf("looks");
}

void
model_say_world(const struct model_world *w)
{
	for (unsigned sid = 1; sid <= model.c->servers; sid++) {
		const struct model_server *s = &w->servers[sid - 1];

		printf("       s%u ", sid);
		say_role(model_role(s->role));
		printf("; disk: ");
		say_record(s->disk);
		if (s->writing) {
			printf("; writes: ");
			say_record(s->writing);
		}
		putchar('\n');
	}
}
