/* Runs a program's self-description; see describe.h. The program writes into a pipe that
 * has room for PROGRAM_SAYS_MAX bytes and is read once the program has ended. */
#include "supervisor/describe.h"

#include "swap/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct describe {
	sd_event_source *child;
	/* the reading end of the pipe */
	int fd;
	describe_handler *done;
	void *user;
	char says[PROGRAM_SAYS_MAX];
};

static int
on_ended(sd_event_source *s, const siginfo_t *info, void *user)
{
	struct describe *d = user;
	ssize_t n = read(d->fd, d->says, sizeof(d->says) - 1);

	(void)s;
	if (n < 0 || info->si_code != CLD_EXITED || info->si_status != 0)
		n = 0;
	d->says[n] = '\0';
	d->child = sd_event_source_unref(d->child);
	d->done(d->user, d->says);
	return 0;
}

int
describe_begin(struct describe **out, struct spawn *spawn, const char *path,
               describe_handler *done, void *user)
{
	char *argv[] = {(char *)path, (char *)"--describe", NULL};
	struct describe *d = calloc(1, sizeof(*d));
	int fds[2], r;
	pid_t pid;

	if (!d)
		return -ENOMEM;
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0) {
		r = -errno;
		free(d);
		return r;
	}
	d->fd = fds[0];
	d->done = done;
	d->user = user;
	r = spawn_run(spawn, argv, NULL, fds[1], on_ended, d, &pid, &d->child);
	close(fds[1]);
	if (r < 0) {
		describe_end(d);
		return r;
	}
	*out = d;
	return 0;
}

void
describe_end(struct describe *d)
{
	if (!d)
		return;
	if (d->child) {
		/* its source kills and reaps it then */
		(void)sd_event_source_set_child_process_own(d->child, 1);
		sd_event_source_unref(d->child);
	}
	close(d->fd);
	free(d);
}
