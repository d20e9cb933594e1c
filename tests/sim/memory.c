/* What the peer maps of run_dir, in the place of the files of base/page.h and
 * peer/memory.h: it outlives the process, and not the machine. */
#include "tests/sim/sim.h"

void __wrap_boot_read(struct boot *out);
int __wrap_peer_memory_open(struct peer_memory *m, const char *path,
                            const struct boot *boot);
void __wrap_peer_memory_close(struct peer_memory *m);
int __wrap_page_open(struct page_writer *w, const char *path, const struct boot *boot,
                     uint64_t incarnation, int64_t sid);
void __wrap_page_close(struct page_writer *w);

static struct sim_disk *
own(void)
{
	return &sim.servers[sim.running->server].disk;
}

void
__wrap_boot_read(struct boot *out)
{
	unsigned server = sim.running->server;

	*out = (struct boot){
	    .id = {(unsigned char)(1 + server), (unsigned char)sim.servers[server].boots},
	    .ns_device = 1,
	    .ns_number = 1};
}

int
__wrap_peer_memory_open(struct peer_memory *m, const char *path, const struct boot *boot)
{
	(void)path;
	*m = (struct peer_memory){.bytes = own()->memory, .boot = *boot};
	return 0;
}

void
__wrap_peer_memory_close(struct peer_memory *m)
{
	m->bytes = NULL;
}

int
__wrap_page_open(struct page_writer *w, const char *path, const struct boot *boot,
                 uint64_t incarnation, int64_t sid)
{
	(void)path;
	*w = (struct page_writer){
	    .page = (struct page *)own()->page,
	    .fd = -1,
	    .view = {.boot = *boot, .incarnation = incarnation, .sid = sid}};
	page_write(w->page, &w->view);
	return 0;
}

void
__wrap_page_close(struct page_writer *w)
{
	w->page = NULL;
}
