/* connmgr's files. In data_dir/connmgr one record for each role: who counts. In
 * run_dir/connmgr the elector's state. Text lines; each written anew and renamed. */
#ifndef CONNMGR_STORE_H
#define CONNMGR_STORE_H

#include "config/conf.h"
#include "connmgr/board.h"
#include "connmgr/board_keep.h"
#include "ipc/msg.h"
#include "swap/record.h"

/* Makes the folders, takes the lock of each, removes sockets that a killed connmgr left.
 * 0, -EWOULDBLOCK: another connmgr has one; else -errno; logged. */
int store_open(const struct conf *c);

/* No file: generation 0. A file that cannot be read or believed is logged and treated as
 * none. Returns the floor: 0, or a number above any generation that such a file may have
 * held. */
uint64_t store_load_record(const struct conf *c, enum msg_who who, struct record *out);
int store_save_record(const struct conf *c, enum msg_who who, const struct record *r,
                      bool sync);

/* An elector's record in three steps, of which the first and the last wait for the disk:
 * they may be taken by a thread. Written beside the one in force, and synced; put in its
 * place; and that is on the disk too. 0 or -errno. */
int store_prepare_record(const struct conf *c, const struct record *r);
int store_place_record(const struct conf *c);
int store_sync_records(const struct conf *c);

/* The encoded message of the last elector, and its serial; 0: there is none. */
size_t store_load_state(const struct conf *c, unsigned char out[BOARD_SMALL_MAX],
                        struct msg_serial *serial);
int store_save_state(const struct conf *c, const void *data, size_t len);

#endif
