/* The page itself: one store, and one read. See page.h.
 *
 * Why this order is enough, on every machine that C11 knows: the writer makes the mark
 * odd before any field, and each field is a release. A reader loads each field with
 * acquire, and then the mark once more: if it saw any field of a store, it sees at least
 * the odd mark before it, and tries again. The even mark is a release, and the first load
 * of the mark an acquire: who sees it sees all fields before it. No fence is needed, and
 * on x86 all of these are plain moves. */
#include "base/page.h"

#include <stdatomic.h>
#include <string.h>

/* The layout's name and version. */
#define MAGIC 0x3130656761704343u
/* A store takes some ten nanoseconds, and so does a try. */
#define TRIES 100

struct page {
	_Atomic uint64_t magic;
	_Atomic uint32_t mark;
	uint32_t unused;
	_Atomic uint64_t boot[BOOT_ID_LEN / sizeof(uint64_t)];
	_Atomic uint64_t ns_device;
	_Atomic uint64_t ns_number;
	_Atomic uint64_t incarnation;
	_Atomic uint64_t sid;
	_Atomic uint64_t epoch;
	_Atomic uint64_t end_ns;
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a lock would be in one process only");
_Static_assert(sizeof(struct page) <= PAGE_LEN, "it fits");

static void
put(_Atomic uint64_t *field, uint64_t value)
{
	atomic_store_explicit(field, value, memory_order_release);
}

static uint64_t
get(const _Atomic uint64_t *field)
{
	return atomic_load_explicit(field, memory_order_acquire);
}

void
page_write(struct page *page, const struct page_view *view)
{
	uint32_t mark = atomic_load_explicit(&page->mark, memory_order_relaxed) | 1;
	uint64_t boot[BOOT_ID_LEN / sizeof(uint64_t)];

	memcpy(boot, view->boot.id, sizeof(boot));
	/* if it is odd already, a writer died here, and some fields may be its own */
	atomic_store_explicit(&page->mark, mark, memory_order_relaxed);
	put(&page->magic, MAGIC);
	put(&page->boot[0], boot[0]);
	put(&page->boot[1], boot[1]);
	put(&page->ns_device, view->boot.ns_device);
	put(&page->ns_number, view->boot.ns_number);
	put(&page->incarnation, view->incarnation);
	put(&page->sid, (uint64_t)view->sid);
	put(&page->epoch, (uint64_t)view->epoch);
	put(&page->end_ns, view->end_ns);
	atomic_store_explicit(&page->mark, mark + 1, memory_order_release);
}

static bool
try_read(const struct page *page, struct page_view *out, bool *known)
{
	uint32_t mark = atomic_load_explicit(&page->mark, memory_order_acquire);
	uint64_t boot[BOOT_ID_LEN / sizeof(uint64_t)];

	if (mark & 1)
		return false;
	*known = get(&page->magic) == MAGIC;
	boot[0] = get(&page->boot[0]);
	boot[1] = get(&page->boot[1]);
	memcpy(out->boot.id, boot, sizeof(boot));
	out->boot.ns_device = get(&page->ns_device);
	out->boot.ns_number = get(&page->ns_number);
	out->incarnation = get(&page->incarnation);
	out->sid = (int64_t)get(&page->sid);
	out->epoch = (int64_t)get(&page->epoch);
	out->end_ns = get(&page->end_ns);
	return atomic_load_explicit(&page->mark, memory_order_relaxed) == mark;
}

bool
page_read(const struct page *page, struct page_view *out)
{
	struct page_view found;
	bool known;

	for (int i = 0; i < TRIES; i++) {
		if (!try_read(page, &found, &known))
			continue;
		if (known)
			*out = found;
		return known;
	}
	return false;
}
