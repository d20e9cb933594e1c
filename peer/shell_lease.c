/* What outlives this process: the page that programs read, and the memory of what was
 * promised. Both are files of run_dir, which only the peer may have open that holds the
 * lock of the record: they are opened when the record has been read. */
#include "base/clock.h"
#include "base/json.h"
#include "base/paths.h"
#include "peer/shell.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define MEMORY_FILE "memory"
#define PAGE_FILE   "page"
#define NS_PER_MS   1000000

static int
open_memory(struct peer *p, const char *path)
{
	return p->memory.bytes ? 0 : peer_memory_open(&p->memory, path, &p->boot);
}

static int
open_page(struct peer *p, const char *path)
{
	uint64_t incarnation;

	if (p->page.page)
		return 0;
	if (getrandom(&incarnation, sizeof(incarnation), 0) != sizeof(incarnation))
		return -errno;
	return page_open(&p->page, path, &p->boot, incarnation, p->conf->id);
}

int
peer_lease_open(struct peer *p, char *why, size_t cap)
{
	static const struct {
		const char *name;
		int (*open)(struct peer *p, const char *path);
	} files[] = {{MEMORY_FILE, open_memory}, {PAGE_FILE, open_page}};
	char path[CONF_RUN_DIR_MAX + 32];
	int r = 0;

	if (!p->memory.bytes)
		boot_read(&p->boot);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && r == 0; i++) {
		r = paths_below(path, sizeof(path), p->conf->run_dir, PATHS_PEER,
		                files[i].name);
		if (r == 0)
			r = files[i].open(p, path);
		if (r < 0)
			snprintf(
			    why, cap,
			    "%s cannot be used: %s; %s, until then this server takes "
			    "no part",
			    path, strerror(-r), epoch_remedy(r));
	}
	return r;
}

void
peer_lease_close(struct peer *p)
{
	page_close(&p->page);
	peer_memory_close(&p->memory);
}

void
peer_lease_recall(struct peer *p, struct role_event *start)
{
	struct peer_memory_binds binds;
	struct role_memory found;
	bool any = peer_memory_find(p->memory.bytes, &p->boot, &found);

	peer_memory_bind(any ? &found : NULL, &start->record.bound, &p->boot, clock_ms(),
	                 &binds);
	start->memory = binds.memory;
	start->unknown_ms = binds.unknown_ms;
	memcpy(start->boot, p->boot.id, sizeof(start->boot));
}

void
peer_lease_remember(struct peer *p, const struct role_memory *memory)
{
	peer_memory_store(&p->memory, memory);
}

/* What the last page allowed and this one does not is ended before it can be read. */
void
peer_lease_publish(struct peer *p, const struct role_page *page)
{
	holds_see(p->holds, page);
	page_store(&p->page, page->epoch, page->end_ms * NS_PER_MS);
}

void
peer_lease_put(const struct peer *p, struct buf_out *out)
{
	char text[2 * BOOT_ID_LEN + 1];

	snprintf(text, sizeof(text), "%016" PRIx64, p->page.view.incarnation);
	json_put_text(out, "incarnation", text);
	for (unsigned i = 0; i < BOOT_ID_LEN; i++)
		snprintf(text + 2 * i, sizeof(text) - 2 * i, "%02x", p->boot.id[i]);
	json_put_text(out, "boot", text);
	json_put_u64(out, "page_len", PAGE_LEN);
	json_put_u64(out, "lease_ms", conf_lease_ms(p->conf));
}
