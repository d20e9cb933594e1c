/* The peer's files; see epoch.h. The thread knows one path and one number at a time, and
 * says so by an eventfd when they are on the disk; the loop never waits for it. */
#include "peer/epoch.h"

#include "proc/proc.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TEXT_MAX 64

struct epoch_writer {
	sd_event_source *source;
	void (*on_done)(void *user, int error);
	void *user;
	int done_fd;
	bool busy; /* the loop's own: from epoch_write to on_done */

	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	/* under the lock */
	bool asked;
	bool ending;
	int error;
	char path[PATH_MAX];
	int64_t number;
};

bool
epoch_parse(const char *text, size_t len, int64_t max, int64_t *out)
{
	int64_t value = 0;
	size_t at = 0;

	while (at < len && text[at] >= '0' && text[at] <= '9') {
		int64_t digit = text[at++] - '0';

		if (value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (at == 0 || (at < len && text[at++] != '\n') || at != len)
		return false;
	*out = value;
	return true;
}

static int
read_one(const char *folder, const char *name, int64_t max, int64_t *out)
{
	char path[PATH_MAX];
	char text[TEXT_MAX];
	size_t len;
	int r;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	r = proc_read_file(path, text, sizeof(text), &len);
	if (r == -ENOENT) {
		*out = EPOCH_NONE;
		return 0;
	}
	if (r == -EFBIG)
		return EPOCH_DAMAGED;
	if (r < 0)
		return r;
	return epoch_parse(text, len, max, out) ? 0 : EPOCH_DAMAGED;
}

static int
unreadable(const char *folder, const char *name, int error, char *why, size_t why_cap)
{
	snprintf(why, why_cap, "%s/%s cannot be read: %s", folder, name,
	         strerror(-error));
	return error;
}

static int
damaged(const char *folder, const char *name, const char *what, char *why, size_t why_cap)
{
	snprintf(
	    why, why_cap,
	    "%s/%s %s; write there one number, not below any epoch that this server "
	    "promised (the largest accepted_epoch of all servers is safe), then restart "
	    "the peer",
	    folder, name, what);
	return EPOCH_DAMAGED;
}

int
epoch_read(const char *folder, int64_t *accepted, int64_t *current, char *why,
           size_t why_cap)
{
	static const char *const names[] = {EPOCH_ACCEPTED, EPOCH_CURRENT};
	int64_t values[2];

	for (unsigned i = 0; i < 2; i++) {
		int r = read_one(folder, names[i], INT32_MAX, &values[i]);

		if (r == EPOCH_DAMAGED)
			return damaged(folder, names[i], "is damaged", why, why_cap);
		if (r < 0)
			return unreadable(folder, names[i], r, why, why_cap);
	}
	if (values[0] == EPOCH_NONE && values[1] != EPOCH_NONE)
		return damaged(folder, EPOCH_ACCEPTED, "is missing", why, why_cap);
	if (values[1] == EPOCH_NONE && values[0] > 0)
		return damaged(folder, EPOCH_CURRENT, "is missing", why, why_cap);
	if (values[1] > values[0])
		return damaged(folder, EPOCH_ACCEPTED, "is below " EPOCH_CURRENT, why,
		               why_cap);
	*accepted = values[0];
	*current = values[1];
	return 0;
}

int
epoch_read_claim(const char *folder, int64_t *claim, char *why, size_t why_cap)
{
	int64_t value;
	int r = read_one(folder, EPOCH_CLAIM, INT64_MAX, &value);

	if (r < 0)
		return unreadable(folder, EPOCH_CLAIM, r, why, why_cap);
	if (r == EPOCH_DAMAGED) {
		snprintf(why, why_cap,
		         "%s/" EPOCH_CLAIM
		         " is damaged; say how fresh this server is: conclave claim N",
		         folder);
		return r;
	}
	*claim = value == EPOCH_NONE ? 0 : value;
	return 0;
}

static int
write_number(const char *path, int64_t number)
{
	char text[TEXT_MAX];
	int len = snprintf(text, sizeof(text), "%" PRId64 "\n", number);

	return proc_write_file(path, text, (size_t)len, true);
}

static void *
run(void *user)
{
	struct epoch_writer *w = user;
	const uint64_t one = 1;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		int error;

		while (!w->asked && !w->ending)
			pthread_cond_wait(&w->wake, &w->lock);
		if (!w->asked)
			break;
		pthread_mutex_unlock(&w->lock);
		error =
		    write_number(w->path, w->number); /* nobody touches them meanwhile */
		pthread_mutex_lock(&w->lock);
		w->asked = false;
		w->error = error;
		if (write(w->done_fd, &one, sizeof(one)) != sizeof(one))
			abort(); /* a counter that was 0 takes a 1 */
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static int
on_done_fd(sd_event_source *source, int fd, uint32_t events, void *user)
{
	struct epoch_writer *w = user;
	uint64_t count;
	int error;

	(void)source;
	(void)events;
	if (read(fd, &count, sizeof(count)) != sizeof(count))
		return 0;
	pthread_mutex_lock(&w->lock);
	error = w->error;
	pthread_mutex_unlock(&w->lock);
	w->busy = false;
	w->on_done(w->user, error);
	return 0;
}

int
epoch_writer_open(struct epoch_writer **out, sd_event *loop,
                  void (*on_done)(void *user, int error), void *user)
{
	struct epoch_writer *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	w->on_done = on_done;
	w->user = user;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	w->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->done_fd < 0) {
		r = -errno;
		goto fail;
	}
	r = sd_event_add_io(loop, &w->source, w->done_fd, EPOLLIN, on_done_fd, w);
	if (r < 0)
		goto fail;
	r = -pthread_create(&w->thread, NULL, run, w);
	if (r < 0)
		goto fail;
	*out = w;
	return 0;
fail:
	sd_event_source_disable_unref(w->source);
	if (w->done_fd >= 0)
		close(w->done_fd);
	free(w);
	return r;
}

void
epoch_writer_close(struct epoch_writer *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->ending = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	sd_event_source_disable_unref(w->source);
	close(w->done_fd);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

int
epoch_write(struct epoch_writer *w, const char *folder, const char *name, int64_t number)
{
	char path[PATH_MAX];

	assert(!w->busy);
	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	w->busy = true;
	pthread_mutex_lock(&w->lock);
	memcpy(w->path, path, sizeof(path));
	w->number = number;
	w->asked = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	return 0;
}

bool
epoch_writer_busy(const struct epoch_writer *w)
{
	return w->busy;
}
