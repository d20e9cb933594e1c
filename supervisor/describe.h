/* Runs PROGRAM --describe in the loop and keeps what it prints. */
#ifndef SUPERVISOR_DESCRIBE_H
#define SUPERVISOR_DESCRIBE_H

#include "supervisor/spawn.h"

struct describe;

/* Called once, from the loop, unless describe_end comes before. `says` is what the
 * program printed, cut to PROGRAM_SAYS_MAX and NUL-terminated; "" if it failed. Call
 * describe_end afterwards. */
typedef void describe_handler(void *user, const char *says);

/* 0, or -errno of the spawn or of exec. */
int describe_begin(struct describe **out, struct spawn *spawn, const char *path,
                   describe_handler *done, void *user);
void describe_end(struct describe *d); /* kills a running program; NULL ok */

#endif
