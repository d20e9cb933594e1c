/* The health of one server and the counters of its elections in the Prometheus text
 * format 0.0.4, for the textfile collector of node_exporter. */
#ifndef CTL_METRICS_H
#define CTL_METRICS_H

#include "ctl/ask.h"

#include <cjson/cJSON.h>
#include <stdio.h>

/* `health`: health_merge's of the same answers. What nobody said is left out. The last
 * line is the comment `# EOF`, by which a reader knows that it has all. */
void metrics_print(const cJSON *health, const struct asks *asks, FILE *out);

#endif
