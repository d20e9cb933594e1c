/* The answers of one server's processes, merged into the status object of docs/DOORS.md.
 * Pure: answers in, one object out. */
#ifndef VIEW_STATUS_H
#define VIEW_STATUS_H

#include "config/conf.h"
#include "view/asks.h"

#define STATUS_SCHEMA 1
#define STATUS_OLD_MS 3000 /* a word of another server that is older may be outdated */

/* The object of `conclave status --json`; the caller frees it. What did not answer is
 * null (or "down"), and named in `silent`. NULL: no memory. */
json_t *status_merge(const struct conf *conf, const struct asks *asks);

/* The values are the exit statuses of `conclave leader`. */
enum status_leader { STATUS_WE_LEAD, STATUS_OTHER_LEADS, STATUS_NOBODY_LEADS };

/* Who leads, by the peer's answer; and the object of `conclave leader --json`, which the
 * caller frees. */
json_t *status_leader(const struct conf *conf, const json_t *peer,
                      enum status_leader *out);

/* True if the peer's answer says that this server leads and may act (docs/DOORS.md). */
bool status_leads(const json_t *peer);

/* The rows of `processes`; the caller frees them. */
json_t *status_processes(const struct asks *asks);

#endif
