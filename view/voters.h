/* The voters of a configuration file, counted as the elector counts them (wire/quorum).
 */
#ifndef VIEW_VOTERS_H
#define VIEW_VOTERS_H

#include "config/conf.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Their sids; the caller frees the array. */
json_t *voters_list(const struct conf *conf);
/* How many voters the smallest quorum has; 0: none can be had. */
unsigned voters_needed(const struct conf *conf);
/* Are these servers a quorum? */
bool voters_suffice(const struct conf *conf, const int64_t *sids, unsigned count);

#endif
