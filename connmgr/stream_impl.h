/* The inside of connmgr/stream: what its files share. */
#ifndef CONNMGR_STREAM_IMPL_H
#define CONNMGR_STREAM_IMPL_H

#include "connmgr/stream.h"

#define STREAM_LATE (SD_EVENT_PRIORITY_NORMAL + 10)

/* The options of each connection. */
void stream_tune(int fd, const struct conf *c);

#endif
