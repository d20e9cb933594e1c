/* The memory, time, threads and descriptors of processes that have not reported them. */
#ifndef CTL_USAGE_H
#define CTL_USAGE_H

#include <jansson.h>

/* Fills `rss_kb`, `cpu_ms`, `threads` and `descriptors` of the rows of `processes` where
 * they are null, from /proc. */
void usage_fill(json_t *processes);

#endif
