/* Folders, the lock, programs; see place.h. */
#include "supervisor/place.h"

#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "proc/roster.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder of the programs, if they are not beside conclaved: beside its folder. */
#define INSTALLED "libexec/conclave"

static int
make_dir(const struct apart *apart, const char *key, const char *path,
         char error[PLACE_ERROR_MAX])
{
	int r = apart_make_own(apart, path);

	if (r == -EPERM)
		snprintf(error, PLACE_ERROR_MAX,
		         "%s %.200s has another owner, or other users may write there; "
		         "give it to the user with the number %u and mode 0700, or set "
		         "another %s",
		         key, path, (unsigned)geteuid(), key);
	else if (r < 0)
		snprintf(error, PLACE_ERROR_MAX,
		         "%s %.200s cannot be used by the user with the number %u: %s; "
		         "create it for that user, or set another %s",
		         key, path, (unsigned)geteuid(), strerror(-r), key);
	return r;
}

/* The lock file names the pid of the process that holds the lock, for people. */
static void
write_pid(int fd)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)len, 0) != len)
		log_info("the lock of run_dir does not name our pid: %s",
		         strerror(errno));
}

static int
fail_locked(const struct place *p, const char *key, const char *dir,
            char error[PLACE_ERROR_MAX])
{
	char owner[32];
	size_t len;

	if (file_read(p->lock_path, owner, sizeof(owner), &len) < 0)
		owner[0] = '\0';
	owner[strcspn(owner, "\n")] = '\0';
	snprintf(error, PLACE_ERROR_MAX,
	         "another conclaved%s%s%s has locked the %s %.200s; stop it, or set "
	         "another %s for this one",
	         owner[0] ? " (pid " : "", owner, owner[0] ? ")" : "", key, dir, key);
	return 1;
}

int
place_renew(struct place *p, char error[PLACE_ERROR_MAX])
{
	char path[CONF_RUN_DIR_MAX + 32];
	int r;

	if ((r = make_dir(p->apart, "run_dir", p->run_dir, error)) < 0)
		return r;
	(void)paths_below(path, sizeof(path), p->run_dir, PATHS_CONCLAVED, NULL);
	if ((r = make_dir(p->apart, "run_dir", path, error)) < 0)
		return r;
	r = file_lock_open(p->lock_path, false);
	if (r == -EWOULDBLOCK)
		return fail_locked(p, "run_dir", p->run_dir, error);
	if (r < 0) {
		snprintf(error, PLACE_ERROR_MAX, "%s: %s", p->lock_path, strerror(-r));
		return r;
	}
	if (p->lock_fd >= 0)
		close(p->lock_fd);
	p->lock_fd = r;
	local_note(p->lock_path, &p->lock_name);
	write_pid(r);
	return 0;
}

/* Whoever can open a folder can lock it, and would keep us from starting. */
static void
hide_from_others(const char *path)
{
	const mode_t others = S_IRGRP | S_IROTH;
	struct stat st;

	if (lstat(path, &st) < 0 || st.st_uid != geteuid() || !(st.st_mode & others))
		return;
	if (chmod(path, st.st_mode & 07777 & ~others) < 0)
		log_warning("%s can be read, and so be locked, by others: %s", path,
		            strerror(errno));
}

int
place_take(struct place *p, const struct apart *apart, const char *run_dir,
           const char *data_dir, char error[PLACE_ERROR_MAX])
{
	int r;

	*p = (struct place){
	    .apart = apart, .run_dir = run_dir, .data_dir = data_dir, .lock_fd = -1};
	(void)paths_below(p->lock_path, sizeof(p->lock_path), run_dir, PATHS_CONCLAVED,
	                  "lock");
	/* data_dir too: without it each worker would fail, again and again */
	if ((r = make_dir(p->apart, "run_dir", run_dir, error)) < 0 ||
	    (r = make_dir(p->apart, "data_dir", data_dir, error)) < 0)
		return r;
	hide_from_others(data_dir);
	/* this lock is kept until we end; a file for it could not be made on a full disk
	 */
	r = file_lock_open(data_dir, true);
	if (r == -EWOULDBLOCK)
		return fail_locked(p, "data_dir", data_dir, error);
	if (r < 0) /* as on a network file system, where a folder has no locks */
		log_warning("data_dir %s cannot be locked: %s; only the lock in run_dir "
		            "keeps a second conclaved out",
		            data_dir, strerror(-r));
	return place_renew(p, error);
}

bool
place_is_ours(const struct place *p)
{
	return p->lock_fd >= 0 && local_is_there(p->lock_path, &p->lock_name);
}

/* Our group may read the file exactly if the workers have users of their own. */
static bool
is_for_workers(const struct apart *apart, const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && st.st_gid == getegid() &&
	       ((st.st_mode & S_IRGRP) != 0) == apart->is;
}

int
place_config(const struct apart *apart, const struct conf *conf, char *path,
             size_t path_cap)
{
	static char text[CONF_PRINT_MAX], there[CONF_PRINT_MAX];
	size_t len = conf_print(conf, false, text, sizeof(text)), has;
	int r =
	    paths_below(path, path_cap, conf->run_dir, PATHS_CONCLAVED, "conclave.conf");

	if (r < 0)
		return r;
	if (is_for_workers(apart, path) &&
	    file_read(path, there, sizeof(there), &has) == 0 && has == len &&
	    memcmp(there, text, len) == 0)
		return 0;
	if (len == 0)
		return -EMSGSIZE;
	return apart->is ? file_write_shared(path, text, len, false)
	                 : file_write(path, text, len, false);
}

static bool
has_programs(const char *dir)
{
	char path[CONF_PATH_MAX];

	return paths_below(path, sizeof(path), dir, roster[ROSTER_CONNMGR].program,
	                   NULL) == 0 &&
	       access(path, X_OK) == 0;
}

int
place_programs(const char *configured, char *out, size_t cap)
{
	char self[CONF_PATH_MAX], installed[CONF_PATH_MAX + sizeof(INSTALLED)];
	const char *folder = configured, *slash;
	ssize_t len;
	int n;

	if (configured[0] == '\0') {
		len = readlink("/proc/self/exe", self, sizeof(self) - 1);
		if (len < 0)
			return -errno;
		self[len] = '\0';
		*strrchr(self, '/') = '\0';
		slash = strrchr(self, '/');
		snprintf(installed, sizeof(installed), "%.*s/" INSTALLED,
		         slash ? (int)(slash - self) : 0, self);
		folder =
		    !has_programs(self) && has_programs(installed) ? installed : self;
	}
	n = snprintf(out, cap, "%s", folder);
	return n < 0 || (size_t)n >= cap ? -ENAMETOOLONG : 0;
}

static void
sweep_folder(const char *path)
{
	const struct dirent *e;
	struct stat st;
	DIR *dir = opendir(path);

	if (dir == NULL)
		return;
	while ((e = readdir(dir)) != NULL) {
		if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISSOCK(st.st_mode))
			continue;
		if (unlinkat(dirfd(dir), e->d_name, 0) < 0 && errno != ENOENT)
			log_warning("%s/%s: %s", path, e->d_name, strerror(errno));
	}
	closedir(dir);
}

void
place_sweep(const struct apart *apart, const char *run_dir)
{
	char path[CONF_PATH_MAX];
	const struct roster_row *row;
	const struct dirent *e;
	DIR *dir = opendir(run_dir);

	while (dir && (e = readdir(dir))) {
		row = roster_of_folder(e->d_name, NULL);
		if (row &&
		    paths_below(path, sizeof(path), run_dir, e->d_name, NULL) == 0) {
			guise_take(apart_guise(apart, row));
			sweep_folder(path);
			guise_drop();
		}
	}
	if (dir)
		closedir(dir);
}

void
place_forget(const struct apart *apart, const char *run_dir, const char *elector)
{
	const struct roster_row *row = &roster[ROSTER_ELECTOR];
	char path[CONF_PATH_MAX], folder[ROSTER_FOLDER_MAX];

	roster_folder(row, elector, folder);
	if (paths_below(path, sizeof(path), run_dir, folder, NULL) < 0)
		return;
	guise_take(apart_guise(apart, row));
	sweep_folder(path);
	guise_drop();
	if (rmdir(path) < 0 && errno != ENOENT)
		log_info("%s: %s", path, strerror(errno));
}
