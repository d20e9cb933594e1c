/* Asks the doors of this server in parallel, within one deadline. */
#include "ctl/ask.h"

#include "base/clock.h"
#include "base/paths.h"
#include "ipc/local.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void
ask_path(const char *run_dir, const char *folder, char out[ASK_PATH_MAX])
{
	snprintf(out, ASK_PATH_MAX, "%s/%s/" PATHS_DOOR, run_dir, folder);
}

int
ask_dial(const char *path, const char *request)
{
	int fd = local_connect(path);

	if (fd < 0)
		return fd == -EAGAIN ? -ETIMEDOUT : fd;
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0) {
		int r = -errno;

		close(fd);
		return r == -EAGAIN ? -ETIMEDOUT : r;
	}
	return fd;
}

static void
add_folder(struct asks *a, const char *folder)
{
	struct ask *one;

	if (a->count == ASK_MAX || strlen(folder) >= ASK_FOLDER_MAX)
		return;
	one = &a->list[a->count++];
	memset(one, 0, sizeof(*one));
	strcpy(one->folder, folder);
	one->result = -ETIMEDOUT;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
is_elector(const struct dirent *e)
{
	return asks_is_elector(e->d_name);
}

static void
add_electors(struct asks *a, const char *run_dir)
{
	struct dirent **found;
	int n = scandir(run_dir, &found, is_elector, by_name);

	for (int i = 0; i < n; i++) {
		add_folder(a, found[i]->d_name);
		free(found[i]);
	}
	if (n >= 0)
		free(found);
}

/* A silent owner is known by its pid all the same. */
static pid_t
owner_of(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return 0;
	return cred.pid;
}

static int
take_answer(int fd, struct ask *a)
{
	static char reply[DOOR_REPLY_MAX + 1];
	ssize_t n = recv(fd, reply, sizeof(reply) - 1, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return -ECONNREFUSED; /* it has just ended */
	if (n < 0)
		return -errno;
	reply[n] = 0;
	a->answer = json_loads(reply, 0, NULL);
	if (json_is_object(a->answer) && !json_object_get(a->answer, "error"))
		return 0;
	json_decref(a->answer);
	a->answer = NULL;
	return -EBADMSG;
}

static void
collect(struct asks *a, struct pollfd *fds, uint64_t deadline_ms)
{
	for (;;) {
		uint64_t now = clock_ms();
		unsigned waiting = 0;

		for (unsigned i = 0; i < a->count; i++)
			waiting += fds[i].fd >= 0;
		if (!waiting || now >= deadline_ms)
			return;
		if (poll(fds, a->count, (int)(deadline_ms - now)) < 0 && errno != EINTR)
			return;
		for (unsigned i = 0; i < a->count; i++) {
			int r;

			if (fds[i].fd < 0 || !fds[i].revents)
				continue;
			r = take_answer(fds[i].fd, &a->list[i]);
			if (r == -EAGAIN)
				continue;
			a->list[i].result = r;
			close(fds[i].fd);
			fds[i].fd = -1;
		}
	}
}

static void
ask_each(struct asks *a, const char *run_dir, const char *request, uint64_t patience_ms)
{
	uint64_t deadline_ms = clock_ms() + patience_ms;
	struct pollfd fds[ASK_MAX];

	for (unsigned i = 0; i < a->count; i++) {
		char path[ASK_PATH_MAX];

		ask_path(run_dir, a->list[i].folder, path);
		fds[i] = (struct pollfd){.fd = ask_dial(path, request), .events = POLLIN};
		if (fds[i].fd >= 0)
			a->list[i].pid = owner_of(fds[i].fd);
		else
			a->list[i].result = fds[i].fd;
	}
	collect(a, fds, deadline_ms);
	for (unsigned i = 0; i < a->count; i++) {
		if (fds[i].fd >= 0)
			close(fds[i].fd);
	}
}

void
ask_all(const char *run_dir, const char *request, uint64_t deadline_ms, struct asks *out)
{
	memset(out, 0, sizeof(*out));
	add_folder(out, "conclaved");
	add_folder(out, "connmgr");
	add_folder(out, "peer");
	add_electors(out, run_dir);
	ask_each(out, run_dir, request, deadline_ms);
}

void
ask_one(const char *run_dir, const char *folder, const char *request, struct asks *out)
{
	memset(out, 0, sizeof(*out));
	add_folder(out, folder);
	ask_each(out, run_dir, request, ASK_DEADLINE_MS);
}
