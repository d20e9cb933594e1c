/* Folders, the lock, programs; see place.h. */
#include "supervisor/place.h"

#include "base/file.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INSTALLED "libexec/conclave" /* beside the folder of this program */
#define ELECTOR   "elector-"         /* and its name: an elector's folder below run_dir */

static int
make_dir(const char *key, const char *path, char *error, size_t cap)
{
	int r = file_make_dir(path);

	if (r == -EPERM)
		snprintf(error, cap,
		         "%s %.200s: not a folder of ours: it has another owner, or "
		         "others may write there; give it to the user with the number "
		         "%u, mode 0700, or write another %s",
		         key, path, (unsigned)geteuid(), key);
	else if (r < 0)
		snprintf(error, cap,
		         "%s %.200s cannot be used by the user with the number %u: %s; "
		         "make it for that user, or write another %s",
		         key, path, (unsigned)geteuid(), strerror(-r), key);
	return r;
}

/* The lock file holds the pid of who has the lock, for people. */
static int
write_pid(const char *path)
{
	char text[32];
	int fd, len, r = 0;

	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (write(fd, text, (size_t)len) != len)
		r = -errno;
	close(fd);
	return r;
}

int
place_take(const char *run_dir, const char *data_dir, char *error, size_t error_cap)
{
	char path[CONF_RUN_DIR_MAX + 32], owner[32];
	size_t len;
	int r;

	r = make_dir("run_dir", run_dir, error, error_cap);
	if (r == 0) /* else each worker would fail there, again and again */
		r = make_dir("data_dir", data_dir, error, error_cap);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s/conclaved", run_dir);
	r = make_dir("run_dir", path, error, error_cap);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s/conclaved/lock", run_dir);
	r = file_lock(path);
	if (r == -EWOULDBLOCK) {
		if (file_read(path, owner, sizeof(owner), &len) < 0)
			owner[0] = '\0';
		owner[strcspn(owner, "\n")] = '\0';
		snprintf(error, error_cap,
		         "another conclaved (pid %s) is at work in %s; stop it, or give "
		         "this one a run_dir of its own",
		         owner[0] != '\0' ? owner : "?", run_dir);
		return 1;
	}
	if (r == 0)
		r = write_pid(path);
	if (r < 0)
		snprintf(error, error_cap, "%s: %s", path, strerror(-r));
	return r;
}

int
place_config(const struct conf *conf, char *path, size_t path_cap)
{
	static char text[CONF_PRINT_MAX];
	int n = snprintf(path, path_cap, "%s/conclaved/conclave.conf", conf->run_dir);
	size_t len = conf_print_own(conf, text, sizeof(text));

	if (n < 0 || (size_t)n >= path_cap)
		return -ENAMETOOLONG;
	return len == 0 ? -EMSGSIZE : file_write(path, text, len, false);
}

static bool
has_programs(const char *dir)
{
	char path[CONF_PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/conclave-connmgr", dir);

	return len > 0 && (size_t)len < sizeof(path) && access(path, X_OK) == 0;
}

int
place_programs(const char *configured, char *out, size_t cap)
{
	char self[CONF_PATH_MAX], installed[CONF_PATH_MAX];
	const char *slash;
	ssize_t len;
	int n;

	if (configured[0] != '\0') {
		n = snprintf(out, cap, "%s", configured);
		return n < 0 || (size_t)n >= cap ? -ENAMETOOLONG : 0;
	}
	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < 0)
		return -errno;
	self[len] = '\0';
	*strrchr(self, '/') = '\0';
	slash = strrchr(self, '/');
	n = snprintf(installed, sizeof(installed), "%.*s/" INSTALLED,
	             slash != NULL ? (int)(slash - self) : 0, self);
	if (n > 0 && (size_t)n < sizeof(installed) && !has_programs(self) &&
	    has_programs(installed))
		n = snprintf(out, cap, "%s", installed);
	else
		n = snprintf(out, cap, "%s", self);
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
place_sweep(const char *run_dir)
{
	char path[CONF_PATH_MAX];
	const struct dirent *e;
	DIR *dir = opendir(run_dir);

	while (dir != NULL && (e = readdir(dir)) != NULL) {
		bool ours = strcmp(e->d_name, "connmgr") == 0 ||
		            strcmp(e->d_name, "peer") == 0 ||
		            strncmp(e->d_name, ELECTOR, strlen(ELECTOR)) == 0;

		if (!ours || (size_t)snprintf(path, sizeof(path), "%s/%s", run_dir,
		                              e->d_name) >= sizeof(path))
			continue;
		sweep_folder(path);
	}
	if (dir != NULL)
		closedir(dir);
}

void
place_forget(const char *run_dir, const char *elector)
{
	char path[CONF_PATH_MAX];

	if ((size_t)snprintf(path, sizeof(path), "%s/" ELECTOR "%s", run_dir, elector) >=
	    sizeof(path))
		return;
	sweep_folder(path);
	if (rmdir(path) < 0 && errno != ENOENT)
		log_info("%s: %s", path, strerror(errno));
}
