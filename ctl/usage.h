/* Memory and processor time of processes that no conclaved has measured. */
#ifndef CTL_USAGE_H
#define CTL_USAGE_H

#include <cjson/cJSON.h>

/* Fills `rss_kb` and `cpu_ms` of the rows of `processes` where they are null, from /proc.
 */
void usage_fill(cJSON *processes);

#endif
