/* The listening sockets of connmgr over its own crash: one that an earlier connmgr or a
 * .socket unit of systemd has opened is taken over, a new one is given away to be kept
 * (proc/keep.h). Which is whose is told by the address at which it listens. */
#ifndef CONNMGR_PORTS_H
#define CONNMGR_PORTS_H

#include "config/conf.h"
#include "connmgr/sock.h"

#include <stdint.h>

/* Takes what this process was handed. What is at no port of ours is closed, and is kept
 * no longer. Once, before ports_listen. */
void ports_open(const struct conf *c);

/* As sock_listen, but an inherited socket for that address, or for all addresses of its
 * machine, comes first. The descriptor is the caller's. */
int ports_listen(const struct sock_address *a);

/* All of this port listen: what was inherited for it and has found no use is closed, and
 * is kept no longer. */
void ports_settle(uint16_t port);

#endif
