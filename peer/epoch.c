/* See epoch.h. A thread does the writes, so that the loop never waits for one. */
#include "peer/epoch.h"

#include "base/file.h"
#include "proc/errand.h"
#include "wire/qaddr.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 64

struct epoch_writer {
	struct errand *errand;
	void (*on_done)(void *user, int error);
	void *user;
	/* Only the thread touches these while it writes. */
	char path[PATH_MAX];
	int64_t number;
};

static int
read_one(const char *folder, const char *name, int64_t max, int64_t *out)
{
	char path[PATH_MAX];
	char text[TEXT_MAX];
	struct qaddr_text number;
	size_t len;
	int r;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	r = file_read(path, text, sizeof(text), &len);
	if (r == -ENOENT) {
		*out = EPOCH_NONE;
		return 0;
	}
	if (r == -EFBIG)
		return EPOCH_DAMAGED;
	if (r < 0)
		return r;
	number = qaddr_trim_end((struct qaddr_text){text, len}, '\n');
	return number.len + 1 >= len && qaddr_unsigned(number, 10, max, out)
	           ? 0
	           : EPOCH_DAMAGED;
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
	const char *advice =
	    "not below any epoch that this server promised (the largest " EPOCH_ACCEPTED
	    " of all servers is safe)";

	if (strcmp(name, EPOCH_CURRENT) == 0)
		advice = "the epoch of the last leader that this server followed, not "
			 "above the number in " EPOCH_ACCEPTED;
	snprintf(why, why_cap,
	         "%s/%s %s; write there one number, %s, then restart the peer", folder,
	         name, what, advice);
	return EPOCH_DAMAGED;
}

int
epoch_read(const char *folder, int64_t *accepted, int64_t *current, char *why,
           size_t why_cap)
{
	static const char *const names[] = {EPOCH_ACCEPTED, EPOCH_CURRENT};
	int64_t values[2];
	int synced = file_sync_dir(folder);

	/* A peer that was killed after its rename, and before its sync, has left a file
	 * that we see and that a power failure would take back. */
	if (synced < 0) {
		snprintf(why, why_cap, "%s cannot be synced: %s", folder,
		         strerror(-synced));
		return synced;
	}
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
write_number(void *user)
{
	const struct epoch_writer *w = user;
	char text[TEXT_MAX];
	int len = snprintf(text, sizeof(text), "%" PRId64 "\n", w->number);

	return file_write(w->path, text, (size_t)len, true);
}

static void
on_written(void *user, int error)
{
	struct epoch_writer *w = user;

	w->on_done(w->user, error);
}

static const struct errand_ops errand_ops = {write_number, on_written};

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
	r = errand_open(&w->errand, loop, &errand_ops, w);
	if (r < 0) {
		free(w);
		return r;
	}
	*out = w;
	return 0;
}

void
epoch_writer_close(struct epoch_writer *w)
{
	if (!w)
		return;
	errand_close(w->errand);
	free(w);
}

int
epoch_write(struct epoch_writer *w, const char *folder, const char *name, int64_t number)
{
	char path[PATH_MAX];

	assert(!epoch_writer_busy(w));
	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	memcpy(w->path, path, sizeof(path));
	w->number = number;
	errand_start(w->errand);
	return 0;
}

bool
epoch_writer_busy(const struct epoch_writer *w)
{
	return errand_busy(w->errand);
}
