/* The simulated TCP: net.c's to wire.c. A descriptor is one end of a connection. */
#ifndef TESTS_SIM_NET_H
#define TESTS_SIM_NET_H

#include "tests/sim/sim.h"

#define NET_FD (1 << 20) /* the first; pipe.c's are above 2 * NET_FD */

struct net_ops {
	void (*on_open)(void *user); /* what was dialled stands */
	void (*on_data)(void *user, int fd, const unsigned char *data, size_t len);
	void (*on_room)(void *user); /* after net_write was refused */
	void (*on_end)(void *user, enum msg_reason reason); /* it is closed */
};

int net_dial(struct proc *p, unsigned to, enum msg_lane lane, const struct net_ops *ops,
             void *user);
/* One listener for each server and lane; what it accepts is its own until net_take. */
void net_listen(struct proc *p, enum msg_lane lane, const struct net_ops *ops,
                void *user);
void net_unlisten(struct proc *p, enum msg_lane lane);
void net_take(int fd, const struct net_ops *ops, void *user);
bool net_write(int fd, const void *data, size_t len); /* false: no room */

#endif
