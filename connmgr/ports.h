/* connmgr's listening sockets, which outlive its crash: a socket that an earlier connmgr
 * or a .socket unit of systemd has opened is taken over, a new one is handed out to be
 * stored (proc/fdstore.h). The address at which a socket listens tells what it is for. */
#ifndef CONNMGR_PORTS_H
#define CONNMGR_PORTS_H

#include "config/conf.h"
#include "connmgr/address.h"

#include <stdint.h>

/* Takes the sockets that this process was handed. A socket at none of our ports is
 * closed, and stored no longer. Call it once, before ports_listen. */
void ports_open(const struct conf *c);

/* A socket that listens at `a`, the caller's to close, or -errno. An inherited socket for
 * that address, or for all addresses of its machine, comes first. */
int ports_listen(const struct address *a);

/* Every address of this port listens: an inherited socket of that port that nobody uses
 * is closed, and stored no longer. */
void ports_settle(uint16_t port);

#endif
