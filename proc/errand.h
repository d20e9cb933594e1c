/* A thread beside the loop, for work that waits for a disk: one piece of work at a time,
 * whose end the loop hears by an eventfd. */
#ifndef PROC_ERRAND_H
#define PROC_ERRAND_H

#include <stdbool.h>
#include <systemd/sd-event.h>

struct errand;

struct errand_ops {
	/* Runs in the thread; until on_done nobody else may touch what it touches. */
	int (*work)(void *user);
	/* Runs in the loop; `result` is what `work` returned. */
	void (*on_done)(void *user, int result);
};

/* 0 or -errno. */
int errand_open(struct errand **out, sd_event *loop, const struct errand_ops *ops,
                void *user);
/* Waits for work in progress, whose on_done is not called, and ends the thread. A process
 * that ends must not call it while the errand is busy: a disk may hang. NULL is allowed.
 */
void errand_close(struct errand *e);
/* No work may be in progress. */
void errand_start(struct errand *e);
/* From errand_start to on_done. */
bool errand_busy(const struct errand *e);

#endif
