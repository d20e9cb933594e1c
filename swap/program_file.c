/* Opens a program component by component; see program_file.h. The kernel would resolve
 * the path at once, but then a link or a folder that somebody else may change is not
 * seen. */
#include "swap/program_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as the kernel has it */

struct walk {
	/* The folder that has been reached, and its path without links; "" for the root.
	 */
	int dir;
	char real[PATH_MAX];
	/* What is still to be walked. */
	char rest[PATH_MAX];
	unsigned links;
	char *why;
};

static int __attribute__((format(printf, 2, 3)))
refuse(struct walk *w, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(w->why, PROGRAM_WHY_MAX, format, args);
	va_end(args);
	return 1;
}

static bool
is_ours(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

/* Refuses what a user other than root and our own may change. */
static int
check_owner(struct walk *w, const char *path, const struct stat *st)
{
	bool sticky_folder = S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX);

	if (!is_ours(st))
		return refuse(w,
		              "%s belongs to the user with the number %u, who could "
		              "change it; have root own it (chown%s root)",
		              path, (unsigned)st->st_uid,
		              S_ISLNK(st->st_mode) ? " -h" : "");
	if (!S_ISLNK(st->st_mode) && (st->st_mode & (S_IWGRP | S_IWOTH)) &&
	    !sticky_folder)
		return refuse(w, "%s is writable by others; chmod go-w it", path);
	return 0;
}

static int
enter(struct walk *w, int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return refuse(w, "%s: %s", path, strerror(errno));
	if (w->dir >= 0)
		close(w->dir);
	w->dir = fd;
	return check_owner(w, path, &st);
}

static int
enter_root(struct walk *w)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	w->real[0] = '\0';
	return fd < 0 ? refuse(w, "/: %s", strerror(errno)) : enter(w, fd, "/");
}

static int
go_up(struct walk *w)
{
	int fd = openat(w->dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *slash = strrchr(w->real, '/');

	if (slash)
		*slash = '\0';
	return fd < 0 ? refuse(w, "%s/..: %s", w->real, strerror(errno))
	              : enter(w, fd, w->real[0] ? w->real : "/");
}

/* Takes the first component off what is still to be walked; "": there is none. */
static void
take_part(struct walk *w, char part[NAME_MAX + 1])
{
	const char *at = w->rest + strspn(w->rest, "/");
	size_t len = strcspn(at, "/");

	snprintf(part, NAME_MAX + 1, "%.*s", (int)(len <= NAME_MAX ? len : NAME_MAX), at);
	memmove(w->rest, at + len, strlen(at + len) + 1);
}

static int
follow(struct walk *w, int link, const char *path)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t len = readlinkat(link, "", target, sizeof(target) - 1);
	int n;

	if (len <= 0)
		return refuse(w, "%s: %s", path, strerror(len < 0 ? errno : ENOENT));
	target[len] = '\0';
	if (++w->links > LINKS_MAX)
		return refuse(w, "%s: %s", path, strerror(ELOOP));
	strcpy(rest, w->rest);
	n = snprintf(w->rest, sizeof(w->rest), "%s%s", target, rest);
	if (n < 0 || (size_t)n >= sizeof(w->rest))
		return refuse(w, "%s: %s", path, strerror(ENAMETOOLONG));
	return target[0] == '/' ? enter_root(w) : 0;
}

/* The file lacks the permission, or the place where it lies does. */
static int
refuse_to_execute(struct walk *w, const char *path, const struct stat *st)
{
	struct statvfs fs;

	if ((st->st_mode & 0111) == 0 || statvfs(path, &fs) < 0 ||
	    !(fs.f_flag & ST_NOEXEC))
		return refuse(w, "%s is not executable; chmod +x it", path);
	return refuse(w,
	              "%.200s lies where nothing may be executed (NoExecPaths= of the "
	              "unit, or a file system mounted noexec); put it into the folder of "
	              "the installed programs, or allow its folder with ExecPaths= "
	              "(systemctl edit conclave)",
	              path);
}

/* `fd`, by which nothing can be read, is the last component. */
static int
open_file(struct walk *w, int fd, const char *part, const char *path, int *out)
{
	struct stat st, again;
	int file;

	if (fstat(fd, &st) < 0)
		return refuse(w, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(w, "%s is no file", path);
	if (access(path, X_OK) < 0)
		return refuse_to_execute(w, path, &st);
	if (st.st_mode & (S_ISUID | S_ISGID))
		return refuse(w,
		              "%s would run as its owner or group (set-user-ID or "
		              "set-group-ID); chmod ug-s it",
		              path);
	if (check_owner(w, path, &st))
		return 1;
	file = openat(w->dir, part, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (file < 0)
		return refuse(w, "%s cannot be read: %s", path, strerror(errno));
	if (fstat(file, &again) < 0 || again.st_dev != st.st_dev ||
	    again.st_ino != st.st_ino) {
		close(file);
		return refuse(w, "%s was replaced while it was looked at; try again",
		              path);
	}
	*out = file;
	return 0;
}

/* 0: go on; 1: refused, or *out is the file. */
static int
step(struct walk *w, int *out)
{
	char part[NAME_MAX + 1], path[PATH_MAX + NAME_MAX + 2];
	struct stat st;
	int fd, r;

	take_part(w, part);
	if (strcmp(part, "..") == 0)
		return go_up(w);
	if (strcmp(part, ".") == 0)
		return 0;
	snprintf(path, sizeof(path), "%s/%s", w->real, part);
	if (part[0] == '\0' || strlen(path) >= sizeof(w->real))
		return refuse(w, "%s is no file", w->real[0] ? w->real : "/");
	fd = openat(w->dir, part, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return refuse(w, "%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode)) {
		r = enter(w, fd, path);
		strcpy(w->real, path);
		return r;
	}
	if (S_ISLNK(st.st_mode)) {
		r = check_owner(w, path, &st) || follow(w, fd, path);
	} else if (w->rest[0] != '\0') {
		r = refuse(w, "%s: %s", path, strerror(ENOTDIR));
	} else {
		r = 1;
		if (open_file(w, fd, part, path, out) == 0)
			strcpy(w->real, path);
	}
	close(fd);
	return r;
}

/* The list of programs could not hold it. */
static int
refuse_path(struct walk *w, const char *path)
{
	return refuse(w,
	              "the path %.200s%s is too long (more than %d bytes), or has odd "
	              "characters; give the program another name, or another folder",
	              path, strlen(path) > 200 ? "..." : "", RECORD_PATH_MAX - 1);
}

int
program_file_open(const char *path, int *fd, char real[RECORD_PATH_MAX],
                  char why[PROGRAM_WHY_MAX])
{
	struct walk w = {.dir = -1, .why = why};
	int file = -1, r;

	if (path[0] != '/')
		return refuse(&w, "%s: the path must begin with /", path);
	if (strlen(path) >= sizeof(w.rest))
		return refuse_path(&w, path);
	strcpy(w.rest, path);
	r = enter_root(&w);
	while (r == 0)
		r = step(&w, &file);
	if (w.dir >= 0)
		close(w.dir);
	if (file < 0)
		return 1;
	if (!record_path_ok(w.real)) {
		close(file);
		return refuse_path(&w, w.real);
	}
	strcpy(real, w.real);
	*fd = file;
	return 0;
}
