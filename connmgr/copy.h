/* The copy of the elector's record in data_dir/connmgr: which elector is in use after a
 * restart of the machine. The record in force is in run_dir (connmgr/store.h). All that
 * waits for the disk is done by a thread, one piece of work at a time. */
#ifndef CONNMGR_COPY_H
#define CONNMGR_COPY_H

#include "config/conf.h"
#include "swap/record.h"

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

/* Generations that are given out in one life of run_dir begin with the same multiple of
 * this, and another life has another multiple. A copy of this range is on the disk. */
#define COPY_RANGE 1000

struct copy;

struct copy_ops {
	/* 0; or -errno, logged: our folder cannot be used, or another connmgr uses it
	 * (-EWOULDBLOCK). `record` without a name: there is none. `floor` is the range
	 * that follows that of the record. */
	void (*on_read)(void *user, int error, const struct record *record,
	                uint64_t floor);
	/* 0: what was written is on the disk; or -errno: the old one or the new one is.
	 */
	void (*on_written)(void *user, int error);
};

/* 0 or -errno. */
int copy_open(struct copy **out, sd_event *loop, const struct conf *conf,
              const struct copy_ops *ops, void *user);
/* Never waits: what a disk that hangs may still need stays allocated. NULL is allowed. */
void copy_close(struct copy *c);

/* Takes our folder below data_dir, with its lock, and reads the copy. */
void copy_read(struct copy *c);
void copy_write(struct copy *c, const struct record *r);
/* Until on_read or on_written; no other work may be started before. */
bool copy_busy(const struct copy *c);

#endif
