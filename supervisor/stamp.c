/* A file's version, and inotify on its folder; see stamp.h. */
#include "supervisor/stamp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

/* The folder, not the file: editors write a new file and rename it. */
#define TOUCHES (IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ATTRIB)

struct stamp_watch {
	sd_event_source *source;
	char *folder;
	char *name;
	void (*on_touched)(void *user);
	void *user;
};

struct stamp
stamp_take(const char *path)
{
	struct stamp s;
	struct stat st;

	memset(&s, 0, sizeof(s));
	if (stat(path, &st) < 0)
		return s;
	s.device = st.st_dev;
	s.inode = st.st_ino;
	s.size = st.st_size;
	s.mtime_s = st.st_mtim.tv_sec;
	s.mtime_ns = st.st_mtim.tv_nsec;
	return s;
}

bool
stamp_same(const struct stamp *a, const struct stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns;
}

static int
on_inotify(sd_event_source *s, const struct inotify_event *event, void *user)
{
	struct stamp_watch *w = user;

	(void)s;
	/* an overflow names nobody and may have swallowed ours */
	if ((event->mask & IN_Q_OVERFLOW) != 0 ||
	    (event->len > 0 && strcmp(event->name, w->name) == 0))
		w->on_touched(w->user);
	return 0;
}

int
stamp_watch_open(struct stamp_watch **out, sd_event *loop, const char *path,
                 void (*on_touched)(void *user), void *user)
{
	struct stamp_watch *w = calloc(1, sizeof(*w));
	const char *slash = strrchr(path, '/');
	int r;

	if (w == NULL)
		return -ENOMEM;
	w->name = strdup(slash != NULL ? slash + 1 : path);
	w->on_touched = on_touched;
	w->user = user;
	if (slash == NULL)
		w->folder = strdup(".");
	else
		w->folder =
		    slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
	if (w->folder == NULL || w->name == NULL) {
		stamp_watch_close(w);
		return -ENOMEM;
	}
	r = sd_event_add_inotify(loop, &w->source, w->folder, TOUCHES, on_inotify, w);
	if (r < 0) {
		stamp_watch_close(w);
		return r;
	}
	*out = w;
	return 0;
}

void
stamp_watch_close(struct stamp_watch *w)
{
	if (w == NULL)
		return;
	sd_event_source_disable_unref(w->source);
	free(w->folder);
	free(w->name);
	free(w);
}
