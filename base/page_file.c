/* The file of a page: its writer opens it, and readers map it. See page.h. */
#include "base/file_map.h"
#include "base/page.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int
page_open(struct page_writer *w, const char *path, const struct boot *boot,
          uint64_t incarnation, int64_t sid)
{
	void *at;
	int fd, r = file_map(path, PAGE_LEN, &at);

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		r = -errno;
		file_unmap(at, PAGE_LEN);
		return r;
	}
	*w = (struct page_writer){
	    .page = at,
	    .fd = fd,
	    .view = {.boot = *boot, .incarnation = incarnation, .sid = sid}};
	page_write(w->page, &w->view);
	return 0;
}

void
page_store(struct page_writer *w, int64_t epoch, uint64_t end_ns)
{
	w->view.epoch = epoch;
	w->view.end_ns = end_ns;
	page_write(w->page, &w->view);
}

void
page_close(struct page_writer *w)
{
	if (!w->page)
		return;
	file_unmap(w->page, PAGE_LEN);
	close(w->fd);
	w->page = NULL;
}

int
page_map(int fd, void *at, const struct page **out)
{
	const void *found;
	int r = file_map_read(fd, PAGE_LEN, at, &found);

	if (r == 0)
		*out = found;
	return r;
}

void
page_unmap(const struct page *page)
{
	file_unmap(page, PAGE_LEN);
}
