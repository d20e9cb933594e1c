/* The peer's numbers on the disk: the epochs `acceptedEpoch` and `currentEpoch`, and the
 * `claim` to freshness, in the peer's folder of data_dir, one decimal number each. They
 * are read once, after the peer has become active. Each writer is a thread of its own
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

#define EPOCH_DAMAGED 1 /* a person must act: `why` says what to do */

/* Reads both, and what is read is on the disk: it waits for that. 0: also where both are
 * missing, or currentEpoch alone while the other is 0 (a first start that was cut short):
 * EPOCH_NONE. EPOCH_DAMAGED: a number that is none, or out of range, or a file that was
 * lost. -errno: not readable now. `why` is filled unless 0. */
int epoch_read(const char *folder, int64_t *accepted, int64_t *current, char *why,
               size_t why_cap);

/* Reads the claim; 0 where none was ever made. Results as above: a damaged claim is not
 * taken for 0 (a server that understates what it has may follow one that has less), so
 * this server takes no part until it was told its claim. */
int epoch_read_claim(const char *folder, int64_t *claim, char *why, size_t why_cap);

struct epoch_writer;

/* `on_done` is called from the loop, once for each write: 0 or -errno. 0 or -errno. */
int epoch_writer_open(struct epoch_writer **out, sd_event *loop,
                      void (*on_done)(void *user, int error), void *user);
/* Ends the thread; a write in progress is waited for no longer than it takes (kill ends
 * it sooner), and on_done is not called for it. NULL ok. */
void epoch_writer_close(struct epoch_writer *w);
/* Starts to write `number` to `folder`/`name`: a new file, synced, renamed, the folder
 * synced. None may be in progress. 0, or -ENAMETOOLONG: nothing was started. */
int epoch_write(struct epoch_writer *w, const char *folder, const char *name,
                int64_t number);
bool epoch_writer_busy(const struct epoch_writer *w);

#endif
