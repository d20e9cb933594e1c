/* Who votes: of a configuration file, and of what is in force; counted as the elector
 * counts them (wire/quorum). */
#ifndef VIEW_VOTERS_H
#define VIEW_VOTERS_H

#include "config/conf.h"
#include "wire/members.h"

#include <jansson.h>
#include <stdint.h>

/* The memberships in which a leader is counted: that which the peer has stored, or both
 * of them in a change; else that of the file. `members`: as the peer says them, or NULL.
 * Count 0: the file counts no quorum. */
struct voters {
	unsigned count;
	struct members lists[2];
};

void voters_read(const struct conf *conf, const json_t *members, struct voters *out);

/* Of the file: the sids; the caller frees the array. */
json_t *voters_list(const struct conf *conf);
/* How many voters the smallest quorum has; 0: none can be had. */
unsigned voters_needed(const struct conf *conf);

#endif
