/* Actions and worlds in words, for the trace. */
#include "tests/model/model.h"
#include "wire/lease_packet.h"

#include <stdio.h>

static const char *
packet_name(uint8_t type)
{
	switch (type) {
	case QPACKET_FOLLOWERINFO:
		return "FOLLOWERINFO";
	case QPACKET_OBSERVERINFO:
		return "OBSERVERINFO";
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

/* As v2{1,2',3}: a quote for each disk before this one. */
static void
say_members(const struct members *m)
{
	printf("v%d{", (int)m->version);
	for (unsigned i = 0; i < m->count; i++) {
		printf("%s%d", i > 0 ? "," : "", (int)m->list[i].sid);
		for (int k = 1; k < model_instance_number(&m->list[i].instance); k++)
			putchar('\'');
	}
	putchar('}');
}

static void
say_pair(const struct members_record *pair)
{
	if (pair->new.version == 0) {
		printf("none");
		return;
	}
	if (pair->old.version > 0) {
		say_members(&pair->old);
		putchar('+');
	}
	say_members(&pair->new);
}

static void
say_packet(const struct model_packet *p)
{
	if (p->type == QPACKET_ACKEPOCH) {
		printf("ACKEPOCH(%d%s; members %d: ", p->epoch,
		       p->answer < 0 ? ", no promise" : "",
		       (int)model_report(p->body)->record.epoch);
		say_pair(&model_report(p->body)->record);
		putchar(')');
	} else if (p->type == QPACKET_NEWLEADER) {
		printf("NEWLEADER(%d: ", p->epoch);
		say_pair(model_pair(p->body));
		putchar(')');
	} else if (p->type == QPACKET_PING) {
		printf("PING(%d, %u%s%s%s%s)", p->epoch, p->extra,
		       p->body & LEASE_WANT ? ", WANT" : "",
		       p->body & LEASE_PROMISED ? ", PROMISED" : "",
		       p->body & LEASE_TRANSFER ? ", TRANSFER" : "",
		       p->body & LEASE_RELEASE ? ", RELEASE" : "");
	} else {
		printf("%s(%d)", packet_name(p->type), p->epoch);
	}
}

static void
say_record(uint16_t index)
{
	const struct role_record *r = model_record(index);

	printf("accepted %d, current %d, members %d: ", (int)r->accepted, (int)r->current,
	       (int)r->members.epoch);
	say_pair(&r->members);
}

/* Of the server's own connection, or of a packet over it. */
static bool
say_link(const struct model_world *w, const struct model_action *a)
{
	const struct model_link *k = &w->links[a->server - 1][a->slot];
	unsigned s = a->server, o = a->other;

	if (a->kind == MODEL_DOWN) {
		printf("s%u gets ", s);
		say_packet(&k->down[0]);
		printf(" from s%u", o);
	} else if (a->kind == MODEL_UP) {
		printf("s%u gets ", o);
		say_packet(&k->up[0]);
		printf(" from s%u%s", s, a->slot ? ", over the older connection" : "");
	} else if (a->kind == MODEL_NEAR_ENDS) {
		printf("s%u sees the end of its connection to s%u", s, o);
	} else if (a->kind == MODEL_FAR_ENDS) {
		printf("s%u sees the end of the connection of s%u", o, s);
	} else {
		return false;
	}
	return true;
}

static bool
say_write(const struct model_world *w, const struct model_action *a)
{
	static const char *const words[MODEL_KINDS] = {
	    [MODEL_WRITTEN] = "has written",
	    [MODEL_CRASH_KEPT] = "crashes, and its write is kept",
	    [MODEL_CRASH_HALF] = "crashes, and of its write only the members are kept",
	    [MODEL_FAIL] = "fails to write",
	    [MODEL_FAIL_KEPT] = "fails to write, though it is kept",
	};
	const struct model_server *s = &w->servers[a->server - 1];

	if (!words[a->kind])
		return false;
	printf("s%u %s: ", a->server, words[a->kind]);
	say_record(s->writing);
	return true;
}

static void
say_rest(const struct model_world *w, const struct model_action *a)
{
	static const char *const words[MODEL_KINDS] = {
	    [MODEL_LEAD] = "is told that it leads",
	    [MODEL_FOLLOW] = "is told to follow",
	    [MODEL_NEWCOMER] = "takes the newer connection of",
	    [MODEL_RETRY] = "tries its write again",
	    [MODEL_LOOK_AGAIN] = "loses its connections and looks again",
	    [MODEL_CRASH] = "crashes",
	    [MODEL_RELOAD] = "gets a file",
	    [MODEL_GIVE_UP] = "has no more time for its renewal",
	    [MODEL_TRY_AGAIN] = "tries a change again",
	    [MODEL_WIPE] = "loses its disk",
	    [MODEL_RESTORE] = "gets an old copy of its disk",
	    [MODEL_REFOUND] = "gives up its record",
	    [MODEL_DUE] = "does what is due",
	    [MODEL_HOLD] = "has a program that holds",
	    [MODEL_LET_GO] = "is told that the program lets go",
	    [MODEL_BREAK] = "sees that the program is gone without a word",
	    [MODEL_PING] = "pings",
	    [MODEL_KILL] = "is killed, and starts again with its memory",
	    [MODEL_KILL_LOST] = "is killed, and starts again without its memory",
	    [MODEL_SILENCE] = "hears nothing any more, and gives up",
	    [MODEL_STEP_DOWN] = "is asked to step down",
	};

	if (a->kind == MODEL_PASS) {
		printf("time passes");
		return;
	}
	printf("s%u %s", a->server, words[a->kind] ? words[a->kind] : "?");
	if (a->kind == MODEL_PING || (a->kind == MODEL_STEP_DOWN && a->other > 0))
		printf(" (s%u)", a->other);
	if (a->kind == MODEL_FOLLOW || a->kind == MODEL_NEWCOMER)
		printf(" s%u", a->other);
	if (a->kind == MODEL_CRASH && w->servers[a->server - 1].writing)
		printf(", and its write is lost");
	if (a->kind == MODEL_RELOAD)
		printf(" of version %d", model.c->files[a->other].version);
}

void
model_say_action(const struct model_world *w, const struct model_action *a)
{
	if (!say_link(w, a) && !say_write(w, a))
		say_rest(w, a);
	putchar('\n');
}

static void
say_role(const struct model_core *r)
{
	if (r->mode == ROLE_MODE_LEAD) {
		printf("leads: established %d, proposal %d%s for ", r->established,
		       r->proposal, r->promised ? " (promised)" : "");
		say_pair(model_pair(r->adopted));
	} else if (r->mode == ROLE_MODE_FOLLOW) {
		printf("follows s%d: asked %d, told %d, established %d", r->leader,
		       r->asked, r->told, r->followed);
	} else {
		printf("looks%s", r->stands ? "" : " (does not stand)");
	}
}

void
model_say_world(const struct model_world *w)
{
	for (unsigned sid = 1; sid <= model.c->servers; sid++) {
		const struct model_server *s = &w->servers[sid - 1];

		printf("       s%u%.*s ", sid, s->instance - 1, "'''");
		say_role(model_core(s->role));
		printf("; disk: ");
		say_record(s->disk);
		if (s->writing) {
			printf("; writes: ");
			say_record(s->writing);
		}
		model_lease_say(w, (uint8_t)sid);
		putchar('\n');
	}
}
