/* See apart.h. */
#include "supervisor/apart.h"

#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "ipc/users.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOW_PORTS   1024 /* below, a port takes a capability */
#define FOLDER_MODE 0710 /* who is in the group gets at what it knows by name */
/* While a worker makes its folder: the group may write, and take away what is its own. */
#define OPEN_MODE 01730

static void __attribute__((format(printf, 2, 3)))
give_up(struct apart *a, const char *format, ...)
{
	va_list args;

	a->is = false;
	va_start(args, format);
	vsnprintf(a->why_not, sizeof(a->why_not), format, args);
	va_end(args);
	users_keep_apart(NULL);
}

void
apart_open(struct apart *a)
{
	struct guise conclaved;
	struct users u;
	int r = 0;

	users_read("/etc/passwd", "/etc/group", &u);
	if (!u.complete) {
		give_up(a, "the machine does not have all of the users " USERS_CONCLAVED
		           ", " USERS_CONNMGR ", " USERS_ELECTOR ", " USERS_PEER
		           " and the group " USERS_CONCLAVED ": systemd-sysusers makes "
		           "them; then restart conclaved, as root or by its unit");
		return;
	}
	a->guises[ROSTER_CONNMGR] = (struct guise){.uid = u.connmgr, .gid = u.group};
	a->guises[ROSTER_ELECTOR] = (struct guise){.uid = u.elector, .gid = u.group};
	a->guises[ROSTER_PEER] = (struct guise){.uid = u.peer, .gid = u.group};
	conclaved = (struct guise){.uid = u.conclaved, .gid = u.group};
	if (guise_has_all())
		r = guise_use_group(u.group);
	else if (geteuid() == 0 && guise_can_change())
		r = guise_settle(&conclaved);
	else if (geteuid() != u.conclaved || !guise_can_change())
		r = -EPERM;
	if (r < 0) {
		give_up(
		    a,
		    "conclaved runs as the user with the number %u, which cannot start "
		    "the workers as theirs (%s): start it as root or by conclave.service",
		    (unsigned)geteuid(), strerror(-r));
		return;
	}
	a->is = true;
	users_keep_apart(&u);
}

static bool
is_roots(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == 0 &&
	       (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

int
apart_make_own(const struct apart *a, const char *path)
{
	int r = file_make_dir(path);
	struct stat st;

	if (a->is && r == -EPERM && is_roots(path))
		r = 0;
	if (!a->is || r < 0 || lstat(path, &st) < 0 || st.st_uid != geteuid() ||
	    (st.st_mode & S_IXOTH))
		return r;
	/* where this fails, apart_try finds out */
	(void)!chown(path, (uid_t)-1, a->guises[0].gid);
	(void)users_chmod(path, FOLDER_MODE);
	return 0;
}

/* ---- the trial ---- */

struct need {
	char path[CONF_PATH_MAX + 64];
	int mode;
};

/* As this user, in a process of its own: the first of `needs` that it cannot have;
 * `count`: it can have all; -1: the trial failed. */
static int
try_as(const struct guise *g, const struct need *needs, int count)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int i = 0;

		if (guise_become(g) < 0)
			_exit(255);
		while (i < count &&
		       (!*needs[i].path || access(needs[i].path, needs[i].mode) == 0))
			i++;
		_exit(i);
	}
	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) && WEXITSTATUS(status) <= count ? WEXITSTATUS(status)
	                                                         : -1;
}

static bool
try_worker(struct apart *a, const struct conf *conf, const char *program_dir,
           enum roster_worker w)
{
	static struct need needs[4];
	int r;

	snprintf(needs[0].path, sizeof(needs[0].path), "%s", conf->run_dir);
	snprintf(needs[1].path, sizeof(needs[1].path), "%s", conf->data_dir);
	snprintf(needs[2].path, sizeof(needs[2].path), "%s/%s", program_dir,
	         roster[w].program);
	snprintf(needs[3].path, sizeof(needs[3].path), "%s", conf->id_file);
	needs[0].mode = needs[1].mode = needs[2].mode = X_OK;
	needs[3].mode = R_OK;
	r = try_as(&a->guises[w], needs, 4);
	if (r < 0)
		give_up(a, "conclaved cannot become the user %s", roster[w].user);
	else if (r < 4)
		give_up(a,
		        "%s cannot get at %.200s: let that user %s, and pass through "
		        "every folder above; then restart conclaved",
		        roster[w].user, needs[r].path,
		        r == 3   ? "read it"
		        : r == 2 ? "execute it"
		                 : "pass through it");
	return r == 4;
}

void
apart_try(struct apart *a, const struct conf *conf, const char *program_dir)
{
	/* a server that is in no list listens where its record says */
	bool low = !conf->self || conf->self->quorum_port < LOW_PORTS ||
	           conf->self->election_port < LOW_PORTS;

	a->guises[ROSTER_CONNMGR].binds = low && guise_can_bind();
	for (int w = 0; w < ROSTER_COUNT && a->is; w++)
		if (!try_worker(a, conf, program_dir, (enum roster_worker)w) &&
		    geteuid() == 0)
			(void)guise_use_group(getgid());
	if (a->is)
		log_info("each worker has a user of its own");
	else
		log_notice("the workers are not kept apart: %s", a->why_not);
}

/* ---- the folders ---- */

const struct guise *
apart_guise(const struct apart *a, const struct roster_row *row)
{
	return a->is ? &a->guises[row - roster] : NULL;
}

/* The folders of a worker: below run_dir, and "" or below data_dir. */
static void
name_folders(const struct conf *conf, const struct roster_row *row, const char *instance,
             char run[CONF_PATH_MAX], char data[CONF_PATH_MAX])
{
	char folder[ROSTER_FOLDER_MAX];

	roster_folder(row, instance, folder);
	(void)paths_below(run, CONF_PATH_MAX, conf->run_dir, folder, NULL);
	data[0] = '\0';
	if (row->files)
		(void)paths_below(data, CONF_PATH_MAX, conf->data_dir, row->name, NULL);
}

/* 1: it is there and belongs to that user; 0: it is not there. -EPERM: it is another's.
 */
static int
look_at(const char *path, uid_t uid)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	return S_ISDIR(st.st_mode) && st.st_uid == uid ? 1 : -EPERM;
}

/* Gives a folder of root's, with the files in it, to that user. */
static int
hand_over(const char *path, const struct guise *g)
{
	DIR *dir = opendir(path);
	const struct dirent *e;
	int r = 0;

	if (!dir)
		return -errno;
	while (r == 0 && (e = readdir(dir)))
		if (strcmp(e->d_name, "..") != 0 &&
		    fchownat(dirfd(dir), e->d_name, g->uid, g->gid, AT_SYMLINK_NOFOLLOW) <
		        0)
			r = -errno;
	if (r == 0 && fchmod(dirfd(dir), FOLDER_MODE) < 0)
		r = -errno;
	closedir(dir);
	return r;
}

/* Without the right to give a folder away the worker has to make it, in our folder. */
static int
make_as(const char *parent, const char *path, const struct guise *g)
{
	int r = users_chmod(parent, OPEN_MODE), shut;

	if (r < 0)
		return r;
	guise_take(g);
	if (mkdir(path, FOLDER_MODE) < 0 || chmod(path, FOLDER_MODE) < 0)
		r = -errno;
	guise_drop();
	shut = users_chmod(parent, FOLDER_MODE);
	return r < 0 ? r : shut;
}

/* A folder of somebody else stays as it is: the worker says what is wrong with it. */
static int
make_one(const char *parent, const char *path, const struct guise *g)
{
	int r = look_at(path, g->uid);

	if (r == -EPERM && guise_has_all() && is_roots(path))
		return hand_over(path, g);
	if (r != 0)
		return r > 0 || r == -EPERM ? 0 : r;
	if (!guise_has_all())
		r = make_as(parent, path, g);
	else if (mkdir(path, FOLDER_MODE) < 0 || chown(path, g->uid, g->gid) < 0 ||
	         chmod(path, FOLDER_MODE) < 0)
		r = -errno;
	return r == -EEXIST ? 0 : r;
}

int
apart_make_folders(const struct apart *a, const struct conf *conf,
                   const struct roster_row *row, const char *instance)
{
	const struct guise *g = apart_guise(a, row);
	char run[CONF_PATH_MAX], data[CONF_PATH_MAX];
	int r;

	if (!g)
		return 0;
	name_folders(conf, row, instance, run, data);
	r = make_one(conf->run_dir, run, g);
	if (r < 0)
		log_err("%s cannot be made for %s: %s", run, row->user, strerror(-r));
	if (r < 0 || !*data)
		return r;
	r = make_one(conf->data_dir, data, g);
	if (r < 0)
		log_err("%s cannot be made for %s: %s", data, row->user, strerror(-r));
	return r;
}
