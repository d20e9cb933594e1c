/* What the sandbox that it runs in allows, a line each, in a fixed order: `writable PATH`
 * for every folder in which a file can be made and every file elsewhere that can be
 * written, `socket FAMILY` for those that can be had, `exec WHAT` for what could be
 * executed, `memory WHAT` for memory that could be written and executed. Started in the
 * place of a program, it says what that program could do if it were taken over. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH_ROOM 4096
#define DEPTH_MAX 40

#define MOUNTS_ROOM (1 << 20)

static char own_folder[PATH_ROOM]; /* the first that is writable */
static char mounts[MOUNTS_ROOM];   /* /proc/self/mountinfo */

static bool
can_make_file(const char *folder)
{
	char path[PATH_ROOM];
	int fd, n = snprintf(path, sizeof(path), "%s/sandbox-probe", folder);

	if (n < 0 || (size_t)n >= sizeof(path))
		return false;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	if (fd < 0)
		return false;
	close(fd);
	unlink(path);
	return true;
}

static bool
can_write(const char *file)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* The kernel's own view of this process is its own to write: looked at elsewhere. */
static bool
is_own_view(const char *path)
{
	return strncmp(path, "/proc/", 6) == 0 &&
	       ((path[6] >= '0' && path[6] <= '9') || strncmp(path + 6, "self", 4) == 0 ||
	        strncmp(path + 6, "thread-self", 11) == 0);
}

static void
read_mounts(void)
{
	int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 1;

	while (fd >= 0 && n > 0 && len < sizeof(mounts) - 1) {
		n = read(fd, mounts + len, sizeof(mounts) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (n != 0) /* not all of it: then it tells nothing */
		mounts[0] = '\0';
	if (fd >= 0)
		close(fd);
}

/* All of it on one mount for reading only: whole machines of files need no look. */
static bool
is_read_only(const char *folder)
{
	char below[PATH_ROOM + 2];
	struct statvfs at;

	snprintf(below, sizeof(below), " %s/", folder);
	return mounts[0] != '\0' && !strstr(mounts, below) &&
	       statvfs(*folder ? folder : "/", &at) == 0 && (at.f_flag & ST_RDONLY) != 0;
}

static void
walk(const char *folder, unsigned depth)
{
	bool own = can_make_file(folder);
	struct dirent **names;
	int count;

	if (own) {
		printf("writable %s\n", *folder ? folder : "/");
		if (own_folder[0] == '\0')
			snprintf(own_folder, sizeof(own_folder), "%s", folder);
	}
	if (is_read_only(folder))
		return;
	count = scandir(*folder ? folder : "/", &names, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		const char *name = names[i]->d_name;
		char path[PATH_ROOM];
		struct stat st;
		int n = snprintf(path, sizeof(path), "%s/%s", folder, name);

		if (n > 0 && (size_t)n < sizeof(path) && strcmp(name, ".") != 0 &&
		    strcmp(name, "..") != 0 && !is_own_view(path) &&
		    lstat(path, &st) == 0) {
			if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
				walk(path, depth + 1);
			else if (S_ISREG(st.st_mode) && !own && can_write(path))
				printf("writable %s\n", path);
		}
		free(names[i]);
	}
	if (count >= 0)
		free(names);
}

static void
try_sockets(void)
{
	static const struct {
		const char *name;
		int family, type;
	} list[] = {
	    {"unix", AF_UNIX, SOCK_SEQPACKET}, {"inet", AF_INET, SOCK_STREAM},
	    {"inet6", AF_INET6, SOCK_STREAM},  {"inet-raw", AF_INET, SOCK_RAW},
	    {"netlink", AF_NETLINK, SOCK_RAW}, {"packet", AF_PACKET, SOCK_DGRAM},
	    {"vsock", AF_VSOCK, SOCK_STREAM},  {"alg", AF_ALG, SOCK_SEQPACKET},
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		int fd = socket(list[i].family, list[i].type | SOCK_CLOEXEC, 0);

		if (fd < 0)
			continue;
		printf("socket %s\n", list[i].name);
		close(fd);
	}
}

static bool
can_run(const char *path)
{
	char *argv[] = {(char *)path, NULL}, *env[] = {NULL};
	pid_t pid;

	if (posix_spawn(&pid, path, NULL, NULL, argv, env) != 0)
		return false;
	waitpid(pid, NULL, 0);
	return true;
}

static void
try_exec(void)
{
	char path[PATH_ROOM + 32];
	int fd;

	if (can_run("/bin/true"))
		puts("exec /bin/true");
	snprintf(path, sizeof(path), "%s/sandbox-run", own_folder);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	if (fd >= 0 && write(fd, "#!/bin/sh\n", 10) == 10) {
		close(fd);
		if (can_run(path))
			puts("exec what it wrote");
	}
	unlink(path);
}

static void
try_memory(void)
{
	size_t len = (size_t)sysconf(_SC_PAGESIZE);
	void *both = mmap(NULL, len, PROT_READ | PROT_WRITE | PROT_EXEC,
	                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *later =
	    mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (both != MAP_FAILED)
		puts("memory mapped");
	if (later != MAP_FAILED && mprotect(later, len, PROT_READ | PROT_EXEC) == 0)
		puts("memory protected");
}

int
main(void)
{
	read_mounts();
	walk("", 0);
	try_sockets();
	try_exec();
	try_memory();
	puts("end");
	return 0;
}
