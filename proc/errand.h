/* What waits for a disk is done beside the loop: a thread that does one piece of work at
 * a time, and says so by an eventfd when it is done. */
#ifndef PROC_ERRAND_H
#define PROC_ERRAND_H

#include <stdbool.h>
#include <systemd/sd-event.h>

struct errand;

struct errand_ops {
	int (*work)(
	    void *user); /* in the thread; what it touches is nobody else's then */
	void (*on_done)(void *user, int result); /* from the loop: what `work` returned */
};

/* 0 or -errno. */
int errand_open(struct errand **out, sd_event *loop, const struct errand_ops *ops,
                void *user);
/* Ends the thread: waits for work in progress, and on_done is not called for it. A
 * process that ends leaves one that is busy alone: a disk may hang. NULL ok. */
void errand_close(struct errand *e);
void errand_start(struct errand *e);      /* none may be in progress */
bool errand_busy(const struct errand *e); /* from errand_start to on_done */

#endif
