/* The record of a promotion on its way to the disk: written and synced beside the record
 * in force, put into its place, and synced there. What waits for the disk is done by a
 * thread. The board decides when; swap/swap.h says what it is for. */
#ifndef CONNMGR_PROMOTION_H
#define CONNMGR_PROMOTION_H

#include "connmgr/store.h"
#include "proc/errand.h"

struct promotion {
	const struct conf *conf;
	sd_event *loop;
	/* A step is done: 0, or -errno. */
	void (*on_done)(void *user, int result);
	void *user;
	struct errand *errand; /* NULL: no promotion so far */
	struct record record;  /* read by the thread while it is busy */
	bool placed;           /* it is in force, and to be synced */
};

void promotion_init(struct promotion *p, sd_event *loop, const struct conf *conf,
                    void (*on_done)(void *user, int result), void *user);
void promotion_close(struct promotion *p);
bool promotion_busy(const struct promotion *p);

/* NULL, or why there can be none now. */
const char *promotion_begin(struct promotion *p, const struct record *record);
/* Each of these two ends in on_done. */
void promotion_prepare(struct promotion *p, uint64_t generation);
void promotion_sync(struct promotion *p);
/* Puts the record that was prepared in force: 0 or -errno. */
int promotion_place(struct promotion *p);

#endif
