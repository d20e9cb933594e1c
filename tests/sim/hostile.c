/* Strangers at the ports of the servers. They may know the sids of the configuration, and
 * say anything but a valid vote or FOLLOWERINFO. A server that they have dialled must go
 * on as if they were not there. */
#include "tests/sim/net.h"
#include "wire/hello.h"
#include "wire/qpacket.h"

#include <string.h>

#define FLOOD     40     /* connections at once */
#define SILENT_US 400000 /* a connection stays open so long, at most */
#define ATTACK_US 30000  /* from one to the next, at most */
#define GARBAGE   64

static struct proc outside = {.up = true};

static void
on_leave(struct sim_item *it)
{
	struct conn *c = it->object;

	if (c->serial == it->serial && c->ends[0].open)
		net_close(c, 0);
}

static struct conn *
dial(unsigned server, enum msg_lane lane, uint64_t stays_us)
{
	struct conn *c = net_dial(&outside, server, lane);

	/* it comes from nowhere that a cut of ours could concern */
	c->ends[0].server = SIM_OUTSIDE;
	sim_put(sim.now_us + stays_us, NULL, on_leave, c, c->serial);
	return c;
}

static void
greet(struct conn *c, int64_t sid)
{
	unsigned char data[HELLO_MAX];
	size_t len = hello_encode(sid, "10.0.0.90:3888", data, sizeof(data));

	net_post(c, 1, DATA, data, len);
}

/* Bytes that may or may not begin like a frame, and are no packet and no notification. */
static void
say_garbage(struct conn *c)
{
	unsigned char data[GARBAGE];

	for (unsigned i = 0; i < GARBAGE; i++)
		data[i] = (unsigned char)(i < 3 && sim_random(4) ? 0 : sim_random(256));
	net_post(c, 1, DATA, data, 1 + sim_random(GARBAGE));
}

/* A frame with a packet whose data are not what its type asks for. */
static void
say_malformed(struct conn *c)
{
	static const int32_t types[] = {QPACKET_FOLLOWERINFO, QPACKET_ACKEPOCH,
	                                QPACKET_ACK, QPACKET_PING, 77};
	struct qpacket p = {.type = types[sim_random(5)], .zxid = 1};
	unsigned char data[4 + 64];
	size_t len;

	p.data = (const unsigned char *)"garbage";
	p.data_len = (uint32_t)sim_random(7);
	len = qpacket_encode(&p, data + 4, sizeof(data) - 4);
	data[0] = data[1] = data[2] = 0;
	data[3] = (unsigned char)(len - sim_random(2)); /* or cut short */
	net_post(c, 1, DATA, data, 4 + (size_t)data[3]);
}

static int64_t
any_sid(void)
{
	if (sim_random(3) == 0)
		return 90 + (int64_t)sim_random(9);
	return 1 + (int64_t)sim_random(sim.count);
}

void
sim_hostile(unsigned server)
{
	enum msg_lane lane = sim_random(3) ? MSG_LANE_LEARNER : MSG_LANE_ELECTION;
	unsigned count = sim_random(16) ? 1 : FLOOD;
	int64_t sid = any_sid();

	sim_say("* %u strangers dial %u and say that they are %d", count, server + 1,
	        (int)sid);
	for (unsigned i = 0; i < count; i++) {
		struct conn *c = dial(server, lane, sim_random(SILENT_US));

		if (sim_random(8) == 0)
			continue; /* says nothing at all */
		greet(c, count > 1 && sim_random(2) ? any_sid() : sid);
		for (uint64_t n = sim_random(3); n > 0; n--) {
			if (sim_random(2))
				say_garbage(c);
			else
				say_malformed(c);
		}
	}
}

static void
on_attack(struct sim_item *it)
{
	if (!sim.hostile)
		return;
	sim_hostile((unsigned)sim_random(sim.count));
	sim_put(sim.now_us + sim_random(ATTACK_US), NULL, it->run, NULL, 0);
}

void
sim_hostile_begin(void)
{
	sim.hostile = true;
	sim_put(sim.now_us, NULL, on_attack, NULL, 0);
}
