/* Checks a program; see program.h. */
#include "swap/program.h"

#include "ipc/msg.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define WANTED "conclave-elector"

static int __attribute__((format(printf, 2, 3)))
refuse(char *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, PROGRAM_WHY_MAX, format, args);
	va_end(args);
	return 1;
}

/* Refuses a file that a user other than root and our own may change. */
static int
check_owner(const char *path, const struct stat *st, char *why)
{
	bool sticky_folder = S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX);

	if (st->st_uid != 0 && st->st_uid != geteuid())
		return refuse(why,
		              "%s belongs to another user; have root own it (chown root)",
		              path);
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) && !sticky_folder)
		return refuse(why, "%s is writable by others; chmod go-w it", path);
	return 0;
}

static int
check_folder(const char *path, char *why)
{
	char folder[PATH_MAX];
	struct stat st;

	snprintf(folder, sizeof(folder), "%s", path);
	*(strrchr(folder, '/') + (strrchr(folder, '/') == folder)) = '\0';
	if (stat(folder, &st) < 0)
		return refuse(why, "%s: %s", folder, strerror(errno));
	return check_owner(folder, &st, why);
}

static ssize_t
read_head(const char *path, Elf64_Ehdr *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	memset(out, 0, sizeof(*out));
	n = read(fd, out, sizeof(*out));
	close(fd);
	return n;
}

/* e_machine is at the same offset in 32-bit and 64-bit files. */
static int
check_kind(const char *path, char *why)
{
	Elf64_Ehdr head, own;
	ssize_t n = read_head(path, &head);

	if (n < 0)
		return refuse(why, "%s cannot be read: %s", path, strerror((int)-n));
	if ((size_t)n < sizeof(head) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
		return refuse(why, "%s is no program (ELF)", path);
	if (read_head("/proc/self/exe", &own) == (ssize_t)sizeof(own) &&
	    (head.e_machine != own.e_machine ||
	     head.e_ident[EI_CLASS] != own.e_ident[EI_CLASS] ||
	     head.e_ident[EI_DATA] != own.e_ident[EI_DATA]))
		return refuse(why, "%s was built for another architecture", path);
	return 0;
}

/* The file lacks the permission, or the place where it lies does. */
static int
refuse_to_execute(const char *real, const struct stat *st, char *why)
{
	struct statvfs fs;

	if ((st->st_mode & 0111) == 0 || statvfs(real, &fs) < 0 ||
	    !(fs.f_flag & ST_NOEXEC))
		return refuse(why, "%s is not executable; chmod +x it", real);
	return refuse(why,
	              "%.200s lies where nothing may be executed (NoExecPaths= of the "
	              "unit, or a file system mounted noexec); put it into the folder of "
	              "the installed programs, or allow its folder with ExecPaths= "
	              "(systemctl edit conclave)",
	              real);
}

int
program_check(const char *path, char out[RECORD_PATH_MAX], char why[PROGRAM_WHY_MAX])
{
	char real[PATH_MAX];
	struct stat st;

	if (path[0] != '/')
		return refuse(why, "%s: the path must begin with /", path);
	if (!realpath(path, real) || stat(real, &st) < 0)
		return refuse(why, "%s: %s", path, strerror(errno));
	if (!record_path_ok(real))
		return refuse(why, "its path is too long, or has odd characters");
	if (!S_ISREG(st.st_mode))
		return refuse(why, "%s is no file", real);
	if (access(real, X_OK) < 0)
		return refuse_to_execute(real, &st, why);
	if (check_owner(real, &st, why) || check_folder(real, why) ||
	    check_kind(real, why))
		return 1;
	strcpy(out, real);
	return 0;
}

int
program_judge(const char *says, char version[PROGRAM_VERSION_MAX],
              char why[PROGRAM_WHY_MAX])
{
	char program[64], found[PROGRAM_VERSION_MAX];
	unsigned set;

	if (sscanf(says, "program %63s\nversion %31s\nmessage-set %u\n", program, found,
	           &set) != 3)
		return refuse(why,
		              "it is no elector: it does not answer --describe as one");
	if (strcmp(program, WANTED) != 0)
		return refuse(why, "it is no elector: it calls itself %s", program);
	if (set != MSG_SET)
		return refuse(why,
		              "it speaks message set %u, and connmgr speaks %d: install "
		              "and restart all programs of that version instead",
		              set, MSG_SET);
	strcpy(version, found);
	return 0;
}
