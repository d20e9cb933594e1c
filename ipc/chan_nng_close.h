/* The end of a channel's nng sockets. Internal to ipc/. */
#ifndef IPC_CHAN_NNG_CLOSE_H
#define IPC_CHAN_NNG_CLOSE_H

#include "ipc/chan_nng_share.h"

/* Shuts the connections of this half in the kernel, so that nng and the other side see an
 * ordinary end of file after what was sent before. How many connections there were. */
unsigned half_shut(const struct half *h);
/* Cuts both connections at once (the fence) and takes the share: a thread closes the
 * sockets when nng has seen the end of both. */
void share_close(struct share *take);

#endif
