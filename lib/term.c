/* See term.h.
 *
 * A change writes the belief that is not in use, and then counts the turn. A reader that
 * finds the same turn before and after has read one belief: who writes the belief that it
 * read has counted a turn before (release), and each load of a belief is an acquire. */
#include "lib/term.h"

#include "base/file_map.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define TRIES 100

struct belief {
	/* 0: the page is not read */
	_Atomic uint64_t incarnation;
	/* what was read of an incarnation before */
	_Atomic uint64_t epoch;
	_Atomic uint64_t end_ns;
};

struct term_shared {
	/* 0: a child of fork */
	_Atomic uint64_t turn;
	struct belief beliefs[2];
	/* What was read last, of the page and in which turn; a seqlock, which one reader
	 * at a time writes. */
	_Atomic uint32_t mark;
	_Atomic uint64_t read_turn;
	_Atomic uint64_t read_epoch;
	_Atomic uint64_t read_end_ns;
};

static uint64_t
get(const _Atomic uint64_t *field)
{
	return atomic_load_explicit(field, memory_order_acquire);
}

static void
put(_Atomic uint64_t *field, uint64_t value)
{
	atomic_store_explicit(field, value, memory_order_release);
}

void
term_close(struct term *t)
{
	file_unmap(t->shared, PAGE_LEN);
	page_unmap(t->page);
}

int
term_open(struct term *t)
{
	void *shared, *page;
	int r = file_map_zeros(PAGE_LEN, true, &shared);

	if (r < 0)
		return r;
	r = file_map_zeros(PAGE_LEN, false, &page);
	if (r < 0) {
		file_unmap(shared, PAGE_LEN);
		return r;
	}
	*t = (struct term){.shared = shared, .page = page};
	if (madvise(shared, PAGE_LEN, MADV_WIPEONFORK) < 0) {
		r = -errno;
		term_close(t);
		return r;
	}
	boot_read(&t->boot);
	put(&t->shared->turn, 1);
	return 0;
}

bool
term_is_ours(const struct term *t)
{
	return get(&t->shared->turn) != 0;
}

/* So that the value is there when the page cannot be read. Where another thread is at it,
 * that one's value will do. */
static void
note(struct term_shared *s, uint64_t turn, const struct term_lease *lease)
{
	uint32_t mark;

	if (get(&s->read_end_ns) == lease->end_ns && get(&s->read_turn) == turn &&
	    (int64_t)get(&s->read_epoch) == lease->epoch)
		return;
	mark = atomic_load_explicit(&s->mark, memory_order_relaxed) & ~1u;
	if (!atomic_compare_exchange_strong_explicit(
		&s->mark, &mark, mark + 1, memory_order_acquire, memory_order_relaxed))
		return;
	put(&s->read_turn, turn);
	put(&s->read_epoch, (uint64_t)lease->epoch);
	put(&s->read_end_ns, lease->end_ns);
	atomic_store_explicit(&s->mark, mark + 2, memory_order_release);
}

static void
noted(const struct term_shared *s, uint64_t turn, struct term_lease *out)
{
	for (int i = 0; i < TRIES; i++) {
		uint32_t mark = atomic_load_explicit(&s->mark, memory_order_acquire);
		uint64_t of = get(&s->read_turn);
		struct term_lease found = {(int64_t)get(&s->read_epoch),
		                           get(&s->read_end_ns)};

		if ((mark & 1) ||
		    mark != atomic_load_explicit(&s->mark, memory_order_relaxed))
			continue;
		if (of == turn)
			*out = found;
		return;
	}
}

static void
read_page(const struct term *t, uint64_t turn, uint64_t incarnation,
          struct term_lease *out)
{
	struct page_view v;

	if (page_read(t->page, &v) && v.incarnation == incarnation &&
	    boot_equal(&v.boot, &t->boot)) {
		*out = (struct term_lease){v.epoch, v.end_ns};
		note(t->shared, turn, out);
	} else {
		noted(t->shared, turn, out);
	}
}

void
term_read(const struct term *t, struct term_lease *out)
{
	const struct term_shared *s = t->shared;

	for (int i = 0; i < TRIES; i++) {
		uint64_t turn = get(&s->turn);
		const struct belief *b = &s->beliefs[turn % 2];
		uint64_t incarnation = get(&b->incarnation);
		struct term_lease before = {(int64_t)get(&b->epoch), get(&b->end_ns)};
		struct term_lease found = {0, 0};

		if (incarnation)
			read_page(t, turn, incarnation, &found);
		if (found.end_ns < before.end_ns)
			found = before;
		if (atomic_load_explicit(&s->turn, memory_order_relaxed) != turn)
			continue;
		*out = found;
		return;
	}
	*out = (struct term_lease){0, 0};
}

uint64_t
term_incarnation(const struct term *t)
{
	return get(&t->shared->beliefs[get(&t->shared->turn) % 2].incarnation);
}

static void
change(struct term *t, uint64_t incarnation, const struct term_lease *before)
{
	uint64_t turn = get(&t->shared->turn) + 1;
	struct belief *b = &t->shared->beliefs[turn % 2];

	put(&b->incarnation, incarnation);
	put(&b->epoch, (uint64_t)before->epoch);
	put(&b->end_ns, before->end_ns);
	put(&t->shared->turn, turn);
}

void
term_none(struct term *t)
{
	change(t, 0, &(struct term_lease){0, 0});
}

void
term_lost(struct term *t)
{
	struct term_lease last;

	term_read(t, &last);
	change(t, 0, &last);
}

/* A peer that comes after another keeps the file. */
static int
map(struct term *t, int fd)
{
	const struct page *same;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_ino == t->number && st.st_dev == t->device)
		return 0;
	r = page_map(fd, (void *)t->page, &same);
	if (r == 0) {
		t->device = st.st_dev;
		t->number = st.st_ino;
	}
	return r;
}

int
term_hold(struct term *t, int fd, uint64_t incarnation)
{
	struct term_lease last;
	struct page_view v;
	int r;

	/* nobody reads the page in this turn, so another may come to its place */
	term_lost(t);
	r = map(t, fd);
	if (r < 0)
		return r;
	if (page_read(t->page, &v) && !boot_equal(&v.boot, &t->boot))
		return -EXDEV;
	term_read(t, &last);
	change(t, incarnation, &last);
	return 0;
}

int
term_inherit(struct term *t, int fd)
{
	const struct page *page;
	struct page_view v;
	int r = page_map(fd, NULL, &page);

	if (r < 0)
		return r;
	r = page_read(page, &v) && v.incarnation ? 0 : -EINVAL;
	page_unmap(page);
	return r < 0 ? r : term_hold(t, fd, v.incarnation);
}
