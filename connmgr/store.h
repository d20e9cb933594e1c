/* connmgr's files in run_dir/connmgr, which is memory: a record for each role says which
 * process is active (swap/record.h), as text, written anew and renamed; and the elector's
 * state is one encoded message, written in place. What is in data_dir/connmgr is read and
 * written by connmgr/copy.c, with functions of this file. */
#ifndef CONNMGR_STORE_H
#define CONNMGR_STORE_H

#include "config/conf.h"
#include "connmgr/board.h"
#include "connmgr/board_keep.h"
#include "ipc/msg.h"
#include "swap/record.h"

/* Makes our folder below run_dir, takes its lock, and removes sockets that a killed
 * connmgr left. 0; -EWOULDBLOCK: another connmgr has the lock; else -errno. Logged. */
int store_open(const struct conf *c);

/* Makes our folder below `dir` (run_dir or data_dir) and keeps another connmgr out of it.
 * As store_open. */
int store_take_folder(const char *dir);

/* The record of a role in our folder below `dir`. 0; -ENOENT: there is none; else
 * -errno, logged: it cannot be read, or is damaged (-EBADMSG). Writing is by a new file
 * and a rename; `sync`: file and folder are on the disk. 0 or -errno. */
int store_read_record(const char *dir, enum msg_who who, struct record *out);
int store_write_record(const char *dir, enum msg_who who, const struct record *r,
                       bool sync);

/* The encoded state of the last elector, and its serial. The length; 0: there is none. */
size_t store_load_state(const struct conf *c, unsigned char out[BOARD_SMALL_MAX],
                        struct msg_serial *serial);
int store_save_state(const struct conf *c, const void *data, size_t len);

#endif
