/* Runs PROGRAM --describe, and keeps what it prints. */
#ifndef SUPERVISOR_DESCRIBE_H
#define SUPERVISOR_DESCRIBE_H

#include "supervisor/spawn.h"

struct describe;

/* Once, from the loop, unless describe_end comes before: what it printed (cut to
 * PROGRAM_SAYS_MAX, NUL-terminated), "" if it ended badly. Call describe_end then, too.
 */
typedef void describe_handler(void *user, const char *says);

/* 0 or -errno (what exec said, too). */
int describe_begin(struct describe **out, struct spawn *spawn, const char *path,
                   describe_handler *done, void *user);
void describe_end(struct describe *d); /* kills it if it still runs; NULL ok */

#endif
