/* The lease of `conclave run` in a program that it has started. */
#include "lib/handle.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

int
conclave_inherit(struct conclave *c)
{
	const char *text = getenv("CONCLAVE_LEASE_FD");
	char *end;
	long fd;
	int r = -EALREADY;

	if (!text)
		return -ENOENT;
	fd = strtol(text, &end, 10);
	if (end == text || *end || fd < 0 || fd > INT_MAX)
		return -EINVAL;
	if (!term_is_ours(&c->term))
		return -ECHILD;
	pthread_mutex_lock(&c->lock);
	if (c->phase == HANDLE_NO_HOLD)
		r = term_inherit(&c->term, (int)fd);
	pthread_mutex_unlock(&c->lock);
	if (r < 0)
		return r;
	/* looks at the lease, so that its end wakes who waits */
	r = conclave_process(c);
	return r < 0 ? r : 0;
}
