/* The peer's numbers on the disk: the epochs in `acceptedEpoch` and `currentEpoch`, and
 * the `claim` to freshness, one decimal number in each file of the peer's folder below
 * data_dir. They are read once, after the peer has become active. Each writer is a thread
 * that does one write at a time. */
#ifndef PEER_EPOCH_H
#define PEER_EPOCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#define EPOCH_ACCEPTED "acceptedEpoch"
#define EPOCH_CURRENT  "currentEpoch"
#define EPOCH_CLAIM    "claim"
#define EPOCH_NONE     (-1) /* no such file */

#define EPOCH_DAMAGED 1 /* `why` tells the operator what to do */

/* Reads both epochs, and syncs the folder first, so that what is read is on the disk.
 * 0: a missing file is EPOCH_NONE; both may be missing, or currentEpoch alone while the
 * other is 0 (a first start that was cut short). EPOCH_DAMAGED: a file is missing, is no
 * number, or its number is out of range. -errno: try again. Fills `why` unless 0. */
int epoch_read(const char *folder, int64_t *accepted, int64_t *current, char *why,
               size_t why_cap);

/* Reads the claim, 0 where none was ever made; outcomes as above. A damaged claim is not
 * taken for 0, since a server that understates what it has may follow one that has less:
 * this server takes no part until somebody claims again. */
int epoch_read_claim(const char *folder, int64_t *claim, char *why, size_t why_cap);

struct epoch_writer;

/* The loop calls on_done once for each write, with 0 or -errno. Returns 0 or -errno. */
int epoch_writer_open(struct epoch_writer **out, sd_event *loop,
                      void (*on_done)(void *user, int error), void *user);
/* Waits for a write in progress, for which on_done is not called, and ends the thread.
 * NULL ok. */
void epoch_writer_close(struct epoch_writer *w);
/* Starts to write `number` to `folder`/`name`: a new file is synced and renamed, and the
 * folder is synced. No write may be in progress. 0; -ENAMETOOLONG: nothing was started.
 */
int epoch_write(struct epoch_writer *w, const char *folder, const char *name,
                int64_t number);
bool epoch_writer_busy(const struct epoch_writer *w);

#endif
