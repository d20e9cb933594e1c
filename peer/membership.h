/* The text of `membership`, the file beside `epochs` (N1, N10): who this server is, and
 * the record of the memberships of its group, in lines that a person can read.
 *
 *	conclave membership 1
 *	number 7
 *	folder inode 262146 born 1764537600.123456789
 *	instance 00112233445566778899aabbccddeeff
 *	may_found no
 *	epoch 12
 *	new version 3 servers 2
 *	server 1 participant weight 1 instance 00112233445566778899aabbccddeeff
 *	server 2 observer
 *	address 1 10.0.0.1:2888:3888
 *
 * `number` grows by one with each write, and `epochs` names the one that it goes with.
 * The epoch is 0, and nobody is named, where there is no record; `old …` and its servers
 * stand before `new` while a change is under way. */
#ifndef PEER_MEMBERSHIP_H
#define PEER_MEMBERSHIP_H

#include "base/slots.h"
#include "peer/folder.h"
#include "wire/members.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes of a slot. Two memberships with the longest numbers need half of them. */
#define MEMBERSHIP_SLOT (4 * SLOTS_PAGE)

struct membership {
	/* 1 or more */
	uint64_t number;
	/* of the folder in which the file was made */
	struct folder_id folder;
	struct members_instance instance;
	bool may_found;
	/* Its epoch is the one in which it was adopted, or a later one. */
	struct members_record record;
};

/* As many of the hints as fit, the newest. The length, without the NUL. */
size_t membership_put(const struct membership *m, const struct members_hints *hints,
                      char out[MEMBERSHIP_SLOT]);
/* False: it is no such text; then the outputs mean nothing. */
bool membership_take(const char *text, size_t len, struct membership *out,
                     struct members_hints *hints);

#endif
