/* The page: until when this server leads, for programs on the same machine. One process
 * at a time writes it, the peer, into a file that is mapped; any number of programs read
 * it from their own maps of that file, without a system call (docs/LEASE.md, R11).
 *
 * The page is a seqlock whose mark is odd while fields change. A writer that dies leaves
 * it odd, and it stays odd until a successor has written ALL fields, so what is read is
 * always one whole store of one writer. A reader never waits for a writer: it tries a
 * bounded number of times. */
#ifndef BASE_PAGE_H
#define BASE_PAGE_H

#include "base/boot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of the file, and of a map of it. */
#define PAGE_LEN 4096

struct page; /* as it lies in the file */

/* What a page says. */
struct page_view {
	struct boot boot;
	/* of the process that wrote it: random, new for each */
	uint64_t incarnation;
	int64_t sid;
	int64_t epoch;
	/* The lease's end, in ns of CLOCK_BOOTTIME. 0: there is no lease. */
	uint64_t end_ns;
};

/* One whole store. False: none, since nothing was ever stored, a writer is at it or has
 * died, or the page has another layout. It makes no system call and takes no lock. */
bool page_read(const struct page *page, struct page_view *out);
/* Stores all of `view`. One thread at a time. */
void page_write(struct page *page, const struct page_view *view);

/* The writer's side. */
struct page_writer {
	/* NULL: not open */
	struct page *page;
	/* Opened for reading only: a copy of it is what programs are given. */
	int fd;
	struct page_view view;
};

/* Maps the file `path` for writing (0600), and stores at once that there is no lease, in
 * the name of the new incarnation. A file that is there is kept, so that who has mapped
 * it sees this; one that is no page of ours is removed, and made anew. Only one process
 * may have it open. 0 or -errno, and nothing is left to close. */
int page_open(struct page_writer *w, const char *path, const struct boot *boot,
              uint64_t incarnation, int64_t sid);
/* It can be read when this returns. */
void page_store(struct page_writer *w, int64_t epoch, uint64_t end_ns);
/* The page stays as it is. May be called twice. */
void page_close(struct page_writer *w);

/* The reader's side: maps `fd` read-only, over `at` (of page size, and mapped already) if
 * that is not NULL. 0, or -errno: -EINVAL: the file is not as long as a page, and a read
 * of the map could end this process. */
int page_map(int fd, void *at, const struct page **out);
void page_unmap(const struct page *page);

#endif
