/* Are the members in force that somebody waits for? Pure: what the peer says of
 * memberships in, the answer out. */
#ifndef VIEW_MEMBERS_WAIT_H
#define VIEW_MEMBERS_WAIT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum members_wait {
	MEMBERS_WAIT_MORE,
	MEMBERS_WAIT_REACHED,
	/* newer ones are in force, so that these will not be */
	MEMBERS_WAIT_PASSED,
};

/* `members`: as the peer says them, or NULL. `why`: a sentence on what is waited for, or
 * on what is in force, of at least 128 bytes; longer is cut. */
enum members_wait members_wait(const json_t *members, int64_t version, char *why,
                               size_t cap);

#endif
