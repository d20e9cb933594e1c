/* The listening sockets of connmgr over its own crash: one that an earlier connmgr or a
 * .socket unit of systemd has opened is taken over, a new one is given away to be kept
 * (proc/fdstore.h). Which is whose is told by the address at which it listens. */
#ifndef CONNMGR_PORTS_H
#define CONNMGR_PORTS_H

#include "config/conf.h"
#include "connmgr/address.h"

#include <stdint.h>

/* Takes what this process was handed. What is at no port of ours is closed, and is kept
 * no longer. Once, before ports_listen. */
void ports_open(const struct conf *c);

/* A socket that listens at `a`, the caller's to close, or -errno. An inherited socket for
 * that address, or for all addresses of its machine, comes first. */
int ports_listen(const struct address *a);

/* All of this port listen: what was inherited for it and has found no use is closed, and
 * is kept no longer. */
void ports_settle(uint16_t port);

#endif
