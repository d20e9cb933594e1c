/* See run_lease.h. */
#include "ctl/run_lease.h"

#include "base/file_map.h"
#include "lib/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define NS_PER_MS UINT64_C(1000000)

int
run_lease_open(struct run_lease *l, const char *run_dir, int64_t id)
{
	void *shared, *units, *page;
	int r;

	*l = (struct run_lease){.view.sid = id};
	r = file_map_shared(sizeof(*l->shared), NULL, &shared);
	if (r == 0)
		r = file_map_shared(sizeof(*l->units), NULL, &units);
	if (r == 0)
		r = file_map_shared(PAGE_LEN, &l->fd, &page);
	if (r < 0)
		return r;
	l->shared = shared;
	l->units = units;
	l->page = page;
	boot_read(&l->view.boot);
	if (getrandom(&l->view.incarnation, sizeof(l->view.incarnation), 0) !=
	    sizeof(l->view.incarnation))
		return -EIO;
	page_write(l->page, &l->view);
	return conclave_open(&l->handle, run_dir);
}

static void
publish(struct run_lease *l, int64_t epoch, uint64_t end_ns)
{
	if (l->view.epoch == epoch && l->view.end_ns == end_ns)
		return;
	l->view.epoch = epoch;
	l->view.end_ns = end_ns;
	page_write(l->page, &l->view);
}

void
run_lease_read(struct run_lease *l, struct run_event *ev)
{
	ev->epoch = 0;
	ev->end_ns = 0;
	ev->lease_ns = conclave_lease_ms(l->handle) * NS_PER_MS;
	(void)conclave_lease(l->handle, &ev->epoch, &ev->end_ns);
	ev->seen_epoch = atomic_load(&l->shared->seen_epoch);
	ev->seen_end_ns = atomic_load(&l->shared->seen_end_ns);
	publish(l, ev->epoch, ev->end_ns);
}

void
run_lease_none(struct run_lease *l)
{
	publish(l, l->view.epoch, 0);
}

void
run_lease_share(struct run_lease *l, const struct run_core *core)
{
	atomic_store(&l->shared->end_ns, core->end_ns);
	atomic_store(&l->shared->margin_ns, run_margin_ns(core));
	atomic_store(&l->shared->incarnation, term_incarnation(&l->handle->term));
}

static void
give(struct run_lease *l, unsigned i)
{
	const char *folder = l->units->folders[i];
	struct run_unit_known *known = &l->known[i];
	struct stat st;
	int fd;

	if (stat(folder, &st) < 0 ||
	    (st.st_ino == known->number && st.st_dev == known->device))
		return;
	fd = box_open_in(folder, "cgroup.kill", O_WRONLY);
	if (fd < 0)
		return;
	if (conclave_hold_cgroup(l->handle, i + 1, fd) == 0)
		*known = (struct run_unit_known){st.st_dev, st.st_ino};
	close(fd);
}

void
run_lease_give_units(struct run_lease *l)
{
	for (unsigned i = 0, count = atomic_load(&l->units->count); i < count; i++)
		give(l, i);
}

void
run_lease_let_go(struct run_lease *l)
{
	memset(l->known, 0, sizeof(l->known));
	run_lease_none(l);
	(void)conclave_let_go(l->handle);
}

const struct page *
run_lease_page(const struct run_lease *l)
{
	return l->handle->term.page;
}
