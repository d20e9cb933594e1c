/* What the two transports share. Internal to ipc/.
 *
 * chan_base.c keeps the state, the deadline and the memory, and tells the owner. A
 * transport embeds struct chan as its first member. Each of its event handlers holds a
 * reference (refs++ … chan_unref) while it runs, and looks at `state` after each
 * report, since the owner may close the channel there. */
#ifndef IPC_CHAN_IMPL_H
#define IPC_CHAN_IMPL_H

#include "ipc/chan.h"

#include <stdbool.h>

#define CHAN_BATCH 32 /* messages received in one turn of the loop */

enum chan_state { CHAN_WAITING, CHAN_UP, CHAN_DOWN };

struct chan_type {
	size_t size; /* of the transport's struct */
	/* Opens the end `c`, with its event sources in c->loop. Undoes all on failure. */
	int (*open)(struct chan *c, const char *path, bool listen);
	/* chan_send's contract; called only while up and not full. */
	int (*send)(struct chan *c, const void *data, size_t len);
	/* Called only while up. NULL: send holds nothing back. */
	void (*flush)(struct chan *c);
	/* Cuts the connection and frees all but the struct. Called once. */
	void (*close)(struct chan *c);
};

extern const struct chan_type chan_nng_type;
extern const struct chan_type chan_seq_type;

struct chan {
	const struct chan_type *type;
	struct users_far far;
	sd_event *loop; /* borrowed from the owner, as long as the channel is open */
	sd_event_source *deadline;
	const struct chan_ops *ops;
	void *user;
	enum chan_state state;
	/* type->close has not been called yet. */
	bool open;
	/* chan_close was called: the owner hears nothing any more. */
	bool given;
	/* The owner waits for on_writable. */
	bool full;
	unsigned refs;
};

void chan_unref(struct chan *c);
/* What a transport reports; from its event handlers only. */
void chan_report_up(struct chan *c);
void chan_report_message(struct chan *c, const void *data, size_t len);
void chan_report_writable(struct chan *c);
void chan_report_down(struct chan *c, const char *why);

#endif
