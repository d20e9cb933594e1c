/* See errand.h. */
#include "proc/errand.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct errand {
	const struct errand_ops *ops;
	void *user;
	sd_event_source *source;
	int done_fd;
	/* The thread does not touch it. */
	bool busy;

	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	/* The lock is for these. */
	bool asked;
	bool ending;
	int result;
};

static void *
run(void *user)
{
	struct errand *e = user;
	const uint64_t one = 1;

	pthread_mutex_lock(&e->lock);
	for (;;) {
		int result;

		while (!e->asked && !e->ending)
			pthread_cond_wait(&e->wake, &e->lock);
		if (!e->asked)
			break;
		pthread_mutex_unlock(&e->lock);
		result = e->ops->work(e->user);
		pthread_mutex_lock(&e->lock);
		e->asked = false;
		e->result = result;
		if (write(e->done_fd, &one, sizeof(one)) != sizeof(one))
			abort(); /* a counter of 0 has room for 1 */
	}
	pthread_mutex_unlock(&e->lock);
	return NULL;
}

static int
on_done_fd(sd_event_source *source, int fd, uint32_t events, void *user)
{
	struct errand *e = user;
	uint64_t count;
	int result;

	(void)source;
	(void)events;
	if (read(fd, &count, sizeof(count)) != sizeof(count))
		return 0;
	pthread_mutex_lock(&e->lock);
	result = e->result;
	pthread_mutex_unlock(&e->lock);
	e->busy = false;
	e->ops->on_done(e->user, result);
	return 0;
}

int
errand_open(struct errand **out, sd_event *loop, const struct errand_ops *ops, void *user)
{
	struct errand *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return -ENOMEM;
	e->ops = ops;
	e->user = user;
	pthread_mutex_init(&e->lock, NULL);
	pthread_cond_init(&e->wake, NULL);
	e->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (e->done_fd < 0) {
		r = -errno;
		goto fail;
	}
	r = sd_event_add_io(loop, &e->source, e->done_fd, EPOLLIN, on_done_fd, e);
	if (r < 0)
		goto fail;
	r = -pthread_create(&e->thread, NULL, run, e);
	if (r < 0)
		goto fail;
	*out = e;
	return 0;
fail:
	sd_event_source_disable_unref(e->source);
	if (e->done_fd >= 0)
		close(e->done_fd);
	free(e);
	return r;
}

void
errand_close(struct errand *e)
{
	if (!e)
		return;
	pthread_mutex_lock(&e->lock);
	e->ending = true;
	pthread_cond_signal(&e->wake);
	pthread_mutex_unlock(&e->lock);
	pthread_join(e->thread, NULL);
	sd_event_source_disable_unref(e->source);
	close(e->done_fd);
	pthread_cond_destroy(&e->wake);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

void
errand_start(struct errand *e)
{
	assert(!e->busy);
	e->busy = true;
	pthread_mutex_lock(&e->lock);
	e->asked = true;
	pthread_cond_signal(&e->wake);
	pthread_mutex_unlock(&e->lock);
}

bool
errand_busy(const struct errand *e)
{
	return e->busy;
}
