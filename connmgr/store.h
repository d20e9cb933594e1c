/* connmgr's files. In data_dir/connmgr a record for each role says which process is
 * active (swap/record.h): text, written anew and renamed. In run_dir/connmgr is the
 * elector's state: one encoded message, written in place. */
#ifndef CONNMGR_STORE_H
#define CONNMGR_STORE_H

#include "config/conf.h"
#include "connmgr/board.h"
#include "connmgr/board_keep.h"
#include "ipc/msg.h"
#include "swap/record.h"

/* Makes the folders, takes the lock of each, and removes sockets that a killed connmgr
 * left. 0; -EWOULDBLOCK: another connmgr has a lock; else -errno. Logged. */
int store_open(const struct conf *c);

/* Without a file the generation is 0. A file that cannot be read or believed is logged
 * and treated as none; then the result is a floor above any generation that it may have
 * held. Else the result is 0. */
uint64_t store_load_record(const struct conf *c, enum msg_who who, struct record *out);
int store_save_record(const struct conf *c, enum msg_who who, const struct record *r,
                      bool sync);

/* An elector's record in three steps: written beside the one in force and synced; put in
 * its place; and that is synced too. The first and the last wait for the disk, so a
 * thread may do them. 0 or -errno. */
int store_prepare_record(const struct conf *c, const struct record *r);
int store_place_record(const struct conf *c);
int store_sync_records(const struct conf *c);

/* The encoded state of the last elector, and its serial. The length; 0: there is none. */
size_t store_load_state(const struct conf *c, unsigned char out[BOARD_SMALL_MAX],
                        struct msg_serial *serial);
int store_save_state(const struct conf *c, const void *data, size_t len);

#endif
