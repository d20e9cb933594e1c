/* Do two servers use one sid? That a link keeps ending proves nothing: a network does
 * that, and a connmgr that crashes. Proof is a greeting in the name of a server while the
 * connection in use has just brought a frame of that server and has not ended: a single
 * server would first have closed that one. */
#ifndef CONNMGR_TWIN_H
#define CONNMGR_TWIN_H

#include "connmgr/address.h"

#include <stdbool.h>
#include <stdint.h>

/* For so long a frame is a sign of life. */
#define TWIN_ALIVE_MS 2000
/* So many proofs count, since a network may lose the end of a connection once. They come
 * within the window, and count for as long after the last of them. */
#define TWIN_PROOFS    3
#define TWIN_WINDOW_MS 30000

struct twin {
	/* From where the connection in use comes, or where it leads to; and the time of
	 * its last frame, 0: none came. */
	char in_use[ADDRESS_TEXT_MAX];
	uint64_t heard_ms;
	unsigned proofs;
	uint64_t first_ms;
	uint64_t last_ms;
	/* the two of the last proof */
	char one[ADDRESS_TEXT_MAX];
	char other[ADDRESS_TEXT_MAX];
};

/* Another connection is in use now. */
void twin_begin(struct twin *t, const char *in_use);
void twin_heard(struct twin *t, uint64_t now_ms);
/* While that connection stands, a greeting came from `other`. */
void twin_greeted(struct twin *t, uint64_t now_ms, const char *other);
bool twin_is_proved(const struct twin *t, uint64_t now_ms);

#endif
