/* The shell around board.h: connmgr's door, the workers' links, the two lanes. Decodes
 * what workers and remotes say, steps the board, does what it decides. */
#ifndef CONNMGR_SWITCHBOARD_H
#define CONNMGR_SWITCHBOARD_H

#include "config/conf.h"

#include <stdint.h>
#include <systemd/sd-event.h>

struct switchboard;

/* Opens everything: the door, the ports, the links to remotes. `name` of this instance
 * and `conf` are borrowed until switchboard_close. 0 or -errno, logged. */
int switchboard_open(struct switchboard **out, sd_event *loop, const struct conf *conf,
                     const char *name);
void switchboard_close(struct switchboard *s);

/* Why this connmgr is not well, "" when it is; returns `out`. */
const char *switchboard_degraded(const struct switchboard *s, char *out, size_t cap);

#endif
