/* Between ipc/chan.c and the transports behind it. Internal to ipc/.
 *
 * chan.c keeps what they have alike: the state, the deadline, who is told what and when,
 * the memory. A transport embeds struct chan as its first member. Every handler that a
 * transport hangs into the loop holds a reference (chan_ref … chan_unref) while it runs,
 * and looks at `state` after each call into the owner, who may have closed the channel
 * there. */
#ifndef IPC_CHAN_IMPL_H
#define IPC_CHAN_IMPL_H

#include "ipc/chan.h"

#include <stdbool.h>

#define CHAN_BATCH 32 /* messages taken for each turn of the loop */

enum chan_state { CHAN_WAITING, CHAN_UP, CHAN_DOWN };

struct chan_type {
	size_t size; /* of the transport's struct */
	/* Opens the end `c`; sources into c->loop. On failure nothing is left behind. */
	int (*open)(struct chan *c, const char *path, bool listen);
	/* chan_send's contract; called only while up and not full. */
	int (*send)(struct chan *c, const void *data, size_t len);
	/* Cuts the connection and gives back all but the memory. Called once. */
	void (*close)(struct chan *c);
};

extern const struct chan_type chan_nng_type;
extern const struct chan_type chan_seq_type;

struct chan {
	const struct chan_type *type;
	sd_event *loop; /* borrowed from the owner, as long as the channel is open */
	sd_event_source *deadline;
	const struct chan_ops *ops;
	void *user;
	enum chan_state state;
	bool open;  /* type->close is still to come */
	bool given; /* chan_close was called: nobody is told anything any more */
	bool full;  /* on_writable is owed */
	unsigned refs;
};

void chan_ref(struct chan *c);
void chan_unref(struct chan *c);
/* What a transport reports, from its handlers only. */
void chan_report_up(struct chan *c);
void chan_report_message(struct chan *c, const void *data, size_t len);
void chan_report_writable(struct chan *c);
void chan_report_down(struct chan *c, const char *why);

#endif
