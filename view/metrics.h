/* The health of one server and the counters of its elections in the Prometheus text
 * format 0.0.4, for the textfile collector of node_exporter. Pure. */
#ifndef VIEW_METRICS_H
#define VIEW_METRICS_H

#include "base/buf.h"
#include "view/asks.h"

#define METRICS_TEXT_MAX (1 << 20)

/* `health`: health_merge's of the same answers. Values that no process said are left out.
 * The last line is the comment `# EOF`, by which a reader knows that the text is
 * complete. Where it does not fit, `out` is bad. */
void metrics_put(const json_t *health, const struct asks *asks, struct buf_out *out);

#endif
