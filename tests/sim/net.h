/* The simulated TCP, as stream.c sees it. */
#ifndef TESTS_SIM_NET_H
#define TESTS_SIM_NET_H

#include "connmgr/stream.h"
#include "tests/sim/sim.h"

#define NET_CONNS_MAX 1024
#define NET_WINDOW    64 /* segments on their way; then the sender is stuck */

/* KNOCK is an OPEN that the kernel has answered, and the process has not seen yet. */
enum kind { OPEN, KNOCK, OPENED, DATA, END, RESET };

struct segment {
	struct segment *next;
	enum kind kind;
	uint64_t at_us;
	uint64_t tried_us; /* 0: not yet */
	size_t len;
	unsigned char data[];
};

struct queue {
	struct segment *first, *last;
	unsigned count;
};

struct end {
	unsigned server;
	struct proc *proc;
	bool open;                                   /* its process has it */
	bool stands;                                 /* as far as this end knows */
	enum msg_reason ended;                       /* NONE: it has not */
	unsigned want;                               /* enum stream_what */
	void (*on_ready)(void *user, unsigned what); /* NULL: nobody watches it */
	void *user;
	struct queue way; /* to it */
	uint64_t last_us;
	struct queue inbox; /* arrived */
	size_t read;        /* of the first of these */
	bool stuck;         /* the last send took less than it was given */
};

struct conn {
	uint64_t serial; /* 0: free */
	enum msg_lane lane;
	struct end ends[2]; /* who dialled, who accepted */
};

struct listener {
	struct proc *proc; /* NULL: none */
	struct stream_port *port;
};

extern struct conn net_conns[NET_CONNS_MAX];
extern struct listener net_listeners[SIM_SERVERS_MAX][3]; /* by lane */
extern struct conn *net_knocking; /* the connection that a port may accept now */

unsigned net_ready(const struct conn *c, unsigned side); /* enum stream_what */
void net_wake(struct sim_item *it); /* of the end `arg` of a connection */
struct segment *net_unlink_first(struct queue *q);
/* To the end `side`. */
void net_post(struct conn *c, unsigned side, enum kind kind, const void *data,
              size_t len);
struct conn *net_dial(struct proc *p, unsigned to, enum msg_lane lane);
void net_close(struct conn *c, unsigned side);

#endif
