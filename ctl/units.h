/* Swaps electors where each worker is a unit of systemd and there is no conclaved: the
 * other shell of swap/swap.h. The electors are instances of conclave-elector@.service. */
#ifndef CTL_UNITS_H
#define CTL_UNITS_H

#include "ctl/verb.h"

#include <stdint.h>

/* Each returns the exit status, having said what there is to say. `name`: of the
 * instance. What is promoted is watched on by a transient unit, conclave-swap. */
int units_swap(const struct ctl *c, const char *name, uint64_t shadow_ms, bool force);
int units_undo(const struct ctl *c);
int units_show(const struct ctl *c);
/* What that transient unit runs: sees the probation through of the process that was
 * promoted, which is the one that systemd had restarted so often. */
int units_guard(const struct ctl *c, long restarts);

/* units_admin.c, likewise: restarts the unit of a worker, and prints its new pid. */
int units_restart(const struct ctl *c, const char *worker);
/* Has each worker read its file again; each logs what it takes over. */
int units_reload(const struct ctl *c);

#endif
