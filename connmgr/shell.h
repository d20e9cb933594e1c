/* connmgr's shell: its door, the links of the workers, the two lanes to the remotes, and
 * the one gate that all their events pass. */
#ifndef CONNMGR_SHELL_H
#define CONNMGR_SHELL_H

#include "config/conf.h"

#include <systemd/sd-event.h>

struct connmgr;

/* Opens everything: the door, the ports, the links to remotes. `name` of this instance
 * and `conf` are borrowed until connmgr_close. 0, -errno or EXIT_CONFIG, logged. */
int connmgr_open(struct connmgr **out, sd_event *loop, const struct conf *conf,
                 const char *name);
void connmgr_close(struct connmgr *s);
/* Reads the keys for TLS anew. Ones that cannot be used leave the old ones in force. */
void connmgr_reload(struct connmgr *s);

#endif
