/* The gate of a shell: every event of its core passes here. The gate stamps the time,
 * hands one event at a time to the shell, and queues what is pushed meanwhile, so that no
 * core is entered while its list of actions is being worked off. */
#ifndef PROC_GATE_H
#define PROC_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct gate_ops {
	/* Steps the core with `event` (a copy, which may be changed) and applies the
	 * actions; may push. */
	void (*step)(void *user, uint64_t now_ms, void *event);
	/* No event is left: arms the one timer again. Must not push. NULL: a source of
	 * the loop does so, once a turn. */
	void (*settle)(void *user);
};

struct gate {
	const struct gate_ops *ops;
	void *user;
	unsigned char *ring;
	size_t event_size;
	unsigned capacity, first, count;
	bool running;
};

/* Has memory for `capacity` events: 0 or -ENOMEM. `capacity` is the largest number of
 * events that can wait at one time, with the one that is stepped. Borrowed until
 * gate_deinit: ops, user. */
int gate_init(struct gate *g, size_t event_size, unsigned capacity,
              const struct gate_ops *ops, void *user);
void gate_deinit(struct gate *g); /* also of one that is all zeros */
/* Queues a copy of `event` (asserts that there is room). If the gate is idle, steps until
 * nothing is queued and settles before it returns: only then may `event` borrow bytes. */
void gate_push(struct gate *g, const void *event);
bool gate_idle(const struct gate *g);

/* Sets a timer of the loop to the core's deadline; UINT64_MAX: off. */
void gate_arm(sd_event_source *timer, uint64_t due_ms);

#endif
