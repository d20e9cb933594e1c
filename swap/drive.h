/* Drives a swap: owns the core of swap/swap.h, keeps the two programs by their seats, and
 * words the requests to connmgr's control socket and the answer. Its two shells,
 * conclaved and `conclave swap` with systemd's units, supply the operations below and
 * pass every event through a gate (proc/gate.h). */
#ifndef SWAP_DRIVE_H
#define SWAP_DRIVE_H

#include "base/buf.h"
#include "swap/program.h"
#include "swap/record.h"
#include "swap/swap.h"

#include <stdbool.h>
#include <stdint.h>

/* How long a self-description may take, and connmgr's answer to promote and accept: these
 * wait for a disk. The end of connmgr is seen at once. */
#define DRIVE_DESCRIBE_MS 2000
#define DRIVE_PROMOTE_MS  20000

#define DRIVE_WORDS_MAX      512
#define DRIVE_REQUEST_MAX    (PATHS_NAME_MAX + 32) /* to connmgr */
#define DRIVE_DIFFERENCE_MAX 16384

struct drive_ops {
	/* Queues an event, for drive_step. */
	void (*push)(void *user, const struct swap_event *ev);
	/* Reads connmgr's record, and fills the paths of its programs in. False: it
	 * cannot be read; `out` is untouched. */
	bool (*read)(void *user, struct record *out);
	/* Checks the program of `seat` and runs its self-description. SWAP_EV_DESCRIBED
	 * follows; where it says no, words say why. */
	void (*describe)(void *user, unsigned seat);
	/* Starts the program of `seat`. False: words say why it did not start. */
	bool (*start)(void *user, unsigned seat);
	/* Does SWAP_DO_STOP, SWAP_DO_KEEP or SWAP_DO_WATCH. True after STOP: the process
	 * has ended; false: SWAP_EV_DIED follows. */
	bool (*seat)(void *user, enum swap_action_type what, unsigned seat);
	/* Sends a request to connmgr's control socket, for SWAP_DO_LOOK, SWAP_DO_PROMOTE
	 * or SWAP_DO_ACCEPT; drive_replied follows. */
	void (*ask)(void *user, enum swap_action_type asked, unsigned seat,
	            const char *request);
	/* The other seat is in use now, no longer `before`; may be NULL. */
	void (*turned)(void *user, unsigned before);
	/* Tells who asked for the swap; drive_put_answer words it. */
	void (*answer)(void *user, bool ok, const char *why);
	/* Logs one line; `why` may be "". */
	void (*note)(void *user, enum swap_note note, const char *why);
};

struct drive { /* read it freely, and write `version` and `words` */
	const struct drive_ops *ops;
	void *user;
	struct swap core;
	/* as it was read last */
	struct record record;
	/* by seat */
	struct record_program programs[2];
	/* of the candidate, as its self-description says */
	char version[PROGRAM_VERSION_MAX];
	/* why something failed, for those reasons that need words of the shell */
	char words[DRIVE_WORDS_MAX];
	/* of the last note; "": it needs none */
	char reason[DRIVE_WORDS_MAX];
	/* the first one of this swap, as JSON; "": none */
	char difference[DRIVE_DIFFERENCE_MAX];
	/* counters of the last look */
	uint64_t said, frames_in;
};

/* Reads connmgr's record of the elector below `dir`: in run_dir the one in force, which
 * is there once an elector has become active; in data_dir the copy from before the
 * machine was restarted. 0, 1 (the file is damaged) or -errno. */
int drive_load_record(const char *dir, struct record *out);

/* The times are those of struct swap_policy. Seat 0 holds the program that the record
 * names. False: the record cannot be read. */
bool drive_init(struct drive *d, uint64_t start_ms, uint64_t look_ms,
                uint64_t probation_ms, const struct drive_ops *ops, void *user);
void drive_step(struct drive *d, uint64_t now_ms, const struct swap_event *ev);
/* Reads the record again; false: it cannot be read, and the last one stays. */
bool drive_read(struct drive *d);

/* Each of these pushes one event.
 * A person asks for a swap; `name` NULL: one is made that nobody has had. */
void drive_swap(struct drive *d, const char *name, const char *path, uint64_t shadow_ms,
                bool force);
void drive_undo(struct drive *d);
/* Goes on with the probation that the record tells of; pushes nothing if there is none.
 */
void drive_resume(struct drive *d);
/* `reply` NULL: connmgr did not answer. */
void drive_replied(struct drive *d, enum swap_action_type asked, const char *reply);

/* `,"key":{"name":…,"path":…}`, or null where it has no name. */
void drive_put_program(struct buf_out *out, const char *key,
                       const struct record_program *p);
/* `,"difference":…`, or null. */
void drive_put_difference(const struct drive *d, struct buf_out *out);
/* The answer to a swap, one JSON object; `now` is the program in use. */
void drive_put_answer(const struct drive *d, bool ok, const char *why,
                      const struct record_program *now, const char *version,
                      struct buf_out *out);

#endif
