/* See ask.h. */
#include "ctl/ask.h"

#include "base/clock.h"
#include "base/paths.h"
#include "client/door.h"
#include "proc/roster.h"
#include "view/member.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/stat.h>

/* Waits until one of the questions can go on. NULL: a question that is over. */
static void
wait_for_any(struct client *const *list, unsigned count)
{
	struct pollfd fds[ASK_MAX];
	uint64_t due_ms = UINT64_MAX;

	assert(count <= ASK_MAX);
	for (unsigned i = 0; i < count; i++) {
		fds[i] = (struct pollfd){.fd = -1};
		if (!list[i])
			continue;
		fds[i].events = client_events(list[i]);
		if (fds[i].events)
			fds[i].fd = list[i]->fd;
		due_ms = MIN(due_ms, client_due_ms(list[i]));
	}
	(void)poll(fds, count, clock_left_ms(due_ms));
}

int
ask_door(const char *path, const char *request, uint64_t timeout_ms, char *reply,
         size_t cap, size_t *len)
{
	uint64_t now_ms = clock_ms();
	struct client client, *one = &client;
	int r = client_begin(one, path, request, now_ms, now_ms + timeout_ms);

	if (r < 0)
		return r;
	while ((r = client_step(one, clock_ms(), reply, cap, len)) == CLIENT_WAITS)
		wait_for_any(&one, 1);
	client_end(one);
	return r;
}

static void
add_folder(struct asks *a, const char *folder)
{
	if (a->count < ASK_MAX && strlen(folder) < ASK_FOLDER_MAX)
		strcpy(a->list[a->count++].folder, folder);
}

static int
has_instances(const struct dirent *e)
{
	const struct roster_row *worker = roster_of_folder(e->d_name, NULL);

	return worker && worker->instances;
}

/* False: no answer yet. */
static bool
take_answer(struct client *c, struct ask *a)
{
	static char reply[DOOR_REPLY_MAX + 1];
	size_t len;
	int r = client_step(c, clock_ms(), reply, sizeof(reply), &len);

	if (r == CLIENT_WAITS)
		return false;
	if (r == 0) {
		client_end(c);
		a->answer = json_loads(reply, 0, NULL);
		member_make_plain(a->answer);
		if (!json_is_object(a->answer) || json_object_get(a->answer, "error"))
			r = -EBADMSG;
	}
	if (r < 0) {
		json_decref(a->answer);
		a->answer = NULL;
	}
	/* a process that has just ended is none */
	a->result = r == -ECONNRESET ? -ECONNREFUSED : r;
	return true;
}

static void
ask_each(struct asks *a, const char *run_dir, const char *request, uint64_t timeout_ms)
{
	uint64_t now_ms = clock_ms(), due_ms = now_ms + timeout_ms;
	struct client clients[ASK_MAX], *left[ASK_MAX];
	char paths[ASK_MAX][ASK_PATH_MAX];
	unsigned waiting = 0;

	for (unsigned i = 0; i < a->count; i++) {
		(void)paths_below(paths[i], sizeof(paths[i]), run_dir, a->list[i].folder,
		                  PATHS_DOOR);
		a->list[i].result =
		    client_begin(&clients[i], paths[i], request, now_ms, due_ms);
		left[i] = a->list[i].result < 0 ? NULL : &clients[i];
		waiting += left[i] != NULL;
	}
	while (waiting > 0) {
		wait_for_any(left, a->count);
		for (unsigned i = 0; i < a->count; i++) {
			if (left[i] && take_answer(left[i], &a->list[i])) {
				a->list[i].pid = left[i]->pid;
				left[i] = NULL;
				waiting--;
			}
		}
	}
}

void
ask_all(const char *run_dir, const char *request, uint64_t timeout_ms, struct asks *out)
{
	struct dirent **found;
	int n = scandir(run_dir, &found, has_instances, alphasort);

	memset(out, 0, sizeof(*out));
	add_folder(out, PATHS_CONCLAVED);
	for (unsigned i = 0; i < ROSTER_COUNT; i++)
		if (!roster[i].instances)
			add_folder(out, roster[i].folder);
	for (int i = 0; i < n; i++) {
		add_folder(out, found[i]->d_name);
		free(found[i]);
	}
	if (n >= 0)
		free(found);
	ask_each(out, run_dir, request, timeout_ms);
}

void
ask_one(const char *run_dir, const char *folder, const char *request, struct asks *out)
{
	memset(out, 0, sizeof(*out));
	add_folder(out, folder);
	ask_each(out, run_dir, request, ASK_DEADLINE_MS);
}

bool
ask_finds_units(const char *run_dir)
{
	struct stat st;
	struct asks asks = {.count = 0};
	bool found;

	if (stat("/run/systemd/system", &st) < 0)
		return false;
	add_folder(&asks, PATHS_CONCLAVED);
	add_folder(&asks, PATHS_CONNMGR);
	ask_each(&asks, run_dir, "status", ASK_DEADLINE_MS);
	found = ask_is_gone(&asks.list[0]) && asks.list[1].answer;
	asks_deinit(&asks);
	return found;
}
