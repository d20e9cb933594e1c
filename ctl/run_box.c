/* See run_box.h. */
#include "ctl/run_box.h"

#include "ctl/run_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE 1024

bool
box_find_mount(char *out, size_t cap)
{
	char line[LINE], place[512], *type;
	FILE *f = fopen("/proc/self/mountinfo", "re");
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		type = strstr(line, " - ");
		found = type && strncmp(type + 3, "cgroup2 ", 8) == 0 &&
		        sscanf(line, "%*s %*s %*s %*s %511s", place) == 1 &&
		        strlen(place) < cap;
	}
	if (f)
		fclose(f);
	if (found)
		strcpy(out, place);
	return found;
}

/* Our own, below the mount. */
static bool
find_own(char *out, size_t cap)
{
	char line[LINE];
	FILE *f = fopen("/proc/self/cgroup", "re");
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		found = strncmp(line, "0::/", 4) == 0 && strlen(line + 3) < cap;
	}
	if (f)
		fclose(f);
	if (found)
		strcpy(out, line + 3);
	return found;
}

int
box_open_in(const char *folder, const char *file, int flags)
{
	char path[LINE];

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, file) >= sizeof(path))
		return -1;
	return open(path, flags | O_CLOEXEC);
}

static void
close_all(struct box *b)
{
	if (b->kill >= 0)
		close(b->kill);
	if (b->events >= 0)
		close(b->events);
	if (b->enter >= 0)
		close(b->enter);
	b->kill = b->events = b->enter = -1;
}

/* May a process of ours go in there? One that ends at once tries. */
static bool
may_enter(const struct box *b)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(box_enter(b) < 0);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool
open_cgroup(struct box *b)
{
	char mount[256], own[200];
	int n;

	if (!box_find_mount(mount, sizeof(mount)) || !find_own(own, sizeof(own)))
		return false;
	n = snprintf(b->folder, sizeof(b->folder), "%s%s/conclave-run-%d", mount,
	             strcmp(own, "/") == 0 ? "" : own, (int)getpid());
	if (n < 0 || (size_t)n >= sizeof(b->folder))
		return false;
	if (mkdir(b->folder, 0755) < 0 && errno != EEXIST)
		return false;
	b->kill = box_open_in(b->folder, "cgroup.kill", O_WRONLY);
	b->events = box_open_in(b->folder, "cgroup.events", O_RDONLY);
	b->enter = box_open_in(b->folder, "cgroup.procs", O_WRONLY);
	if (b->kill >= 0 && b->events >= 0 && b->enter >= 0 && may_enter(b))
		return true;
	close_all(b);
	rmdir(b->folder);
	return false;
}

static bool
may_unshare(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(unshare(CLONE_NEWPID) < 0);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

void
box_open(struct box *b, enum box_kind most)
{
	*b = (struct box){.kill = -1, .events = -1, .enter = -1, .pidfd = -1};
	b->kind = BOX_CGROUP;
	if (most == BOX_CGROUP && open_cgroup(b))
		return;
	b->folder[0] = '\0';
	b->kind = most != BOX_TREE && may_unshare() ? BOX_PIDS : BOX_TREE;
}

/* What the command made below, too; all of it is empty. */
static void
remove_folder(const char *folder, unsigned deep)
{
	char path[LINE];
	struct dirent *entry;
	DIR *dir = deep ? opendir(folder) : NULL;

	while (dir && (entry = readdir(dir)) != NULL) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) <
		    sizeof(path))
			remove_folder(path, deep - 1);
	}
	if (dir)
		closedir(dir);
	rmdir(folder);
}

void
box_close(struct box *b)
{
	close_all(b);
	if (b->pidfd >= 0)
		close(b->pidfd);
	b->pidfd = -1;
	if (b->folder[0])
		remove_folder(b->folder, 16);
	b->folder[0] = '\0';
}

const char *
box_about(const struct box *b)
{
	static const char *const about[] = {
	    [BOX_CGROUP] = "a cgroup of its own, which the peer can kill too",
	    [BOX_PIDS] = "a pid namespace, since no cgroup could be made",
	    [BOX_TREE] = "the tree of its processes, since nothing better could be made",
	};

	return about[b->kind];
}

int
box_enter(const struct box *b)
{
	if (b->kind != BOX_CGROUP)
		return 0;
	return write(b->enter, "0", 1) == 1 ? 0 : -errno;
}

/* systemd makes and removes these cgroups, so they are looked for each time. */
static void
kill_units(const struct box_units *u)
{
	for (unsigned i = 0, count = atomic_load(&u->count); i < count; i++) {
		int fd = box_open_in(u->folders[i], "cgroup.kill", O_WRONLY);

		if (fd < 0)
			continue;
		(void)!write(fd, "1", 1);
		close(fd);
	}
}

void
box_kill(const struct box *b)
{
	if (b->units)
		kill_units(b->units);
	if (b->kind == BOX_CGROUP)
		(void)!pwrite(b->kill, "1", 1, 0);
	if (b->pidfd >= 0)
		(void)syscall(SYS_pidfd_send_signal, b->pidfd, SIGKILL, NULL, 0);
	if (b->kind == BOX_TREE)
		tree_kill(b->spared);
}

static bool
is_populated(int events)
{
	char text[256];
	ssize_t n = pread(events, text, sizeof(text) - 1, 0);

	if (n < 0)
		return errno != ENODEV; /* removed: nothing can be in it */
	text[n] = '\0';
	return strstr(text, "populated 0") == NULL;
}

static bool
units_are_empty(const struct box_units *u)
{
	bool empty = true;

	for (unsigned i = 0, count = atomic_load(&u->count); i < count && empty; i++) {
		int fd = box_open_in(u->folders[i], "cgroup.events", O_RDONLY);

		empty = fd < 0 ? errno == ENOENT : !is_populated(fd);
		if (fd >= 0)
			close(fd);
	}
	return empty;
}

bool
box_is_empty(const struct box *b)
{
	struct pollfd end = {.fd = b->pidfd, .events = POLLIN};

	if (b->units && !units_are_empty(b->units))
		return false;
	if (b->pidfd >= 0 && poll(&end, 1, 0) != 1)
		return false;
	if (b->kind == BOX_CGROUP)
		return !is_populated(b->events);
	return b->kind == BOX_PIDS || tree_is_empty(b->spared);
}
