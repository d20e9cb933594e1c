/* The lease of `conclave run`: what the library says of it, and who else gets to know:
 * the guard, and the command, which reads a page of ours (base/page.h) by
 * CONCLAVE_LEASE_FD. That page outlives restarts of the peer, since the incarnation in it
 * is the runner's. */
#ifndef CTL_RUN_LEASE_H
#define CTL_RUN_LEASE_H

#include "base/page.h"
#include "ctl/run_core.h"
#include "ctl/run_guard.h"
#include "lib/conclave.h"

#include <stdint.h>

/* Which cgroup the peer has under a number; zeros: none. */
struct run_unit_known {
	dev_t device;
	ino_t number;
};

struct run_lease {
	struct conclave *handle;
	/* shared with the guard, and with what stands for a unit */
	struct guard_shared *shared;
	struct box_units *units;
	struct run_unit_known known[BOX_UNITS_MAX];
	/* what the command reads, and a descriptor to read it by */
	struct page *page;
	int fd;
	struct page_view view;
};

/* 0 or -errno. The daemon need not be there. */
int run_lease_open(struct run_lease *l, const char *run_dir, int64_t id);
/* Fills what an event RUN_EV_LEASE has, and publishes the epoch and the end. */
void run_lease_read(struct run_lease *l, struct run_event *ev);
/* Publishes that there is no lease. */
void run_lease_none(struct run_lease *l);
/* Lets the guard know what the core knows. */
void run_lease_share(struct run_lease *l, const struct run_core *core);
/* Gives the peer the cgroups of units, each anew when systemd has made it anew: it kills
 * them when runner and guard do not. */
void run_lease_give_units(struct run_lease *l);
/* Lets go of the hold: the peer has none any more. */
void run_lease_let_go(struct run_lease *l);
/* The page of the peer, as it is mapped here. */
const struct page *run_lease_page(const struct run_lease *l);

#endif
