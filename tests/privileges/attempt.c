/* See attempt.h. All of it runs in a signal handler. What is tried is chosen so that
 * without filters it would either succeed and leave nothing, or fail for another reason,
 * with an errno that says so: an exec of a program that is not there, a clone whose flags
 * contradict each other. */
#include "tests/privileges/attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define PAGE 4096
/* They stand for the pid of the parent, and for ours. */
#define PARENT    LONG_MIN
#define OURSELVES (LONG_MIN + 1)

static char config[PATH_MAX], given[PATH_MAX], beside[PATH_MAX], fresh[PATH_MAX],
    moved[PATH_MAX], own_run[PATH_MAX], peer_run[PATH_MAX], peer_data[PATH_MAX],
    connmgr_data[PATH_MAX], parent[PATH_MAX];

void
attempt_prepare(const char *server, const char *own)
{
	snprintf(config, PATH_MAX, "%s/run/conclaved/conclave.conf", server);
	snprintf(given, PATH_MAX, "%s/etc/conclave.conf", server); /* to conclaved */
	snprintf(beside, PATH_MAX, "%s/beside", server);
	snprintf(fresh, PATH_MAX, "%s/fresh", server);
	snprintf(moved, PATH_MAX, "%s/moved", server);
	snprintf(own_run, PATH_MAX, "%s/run/%s/fresh", server, own);
	snprintf(peer_run, PATH_MAX, "%s/run/peer/fresh", server);
	snprintf(peer_data, PATH_MAX, "%s/data/peer/fresh", server);
	snprintf(connmgr_data, PATH_MAX, "%s/data/connmgr/fresh", server);
	snprintf(parent, PATH_MAX, "/proc/%d/status", (int)getppid());
}

bool
attempt_was_refused(const struct attempt *a, int result)
{
	/* no filter can see its flags, so the call is missing and glibc does without it
	 */
	if (a->call[0] == SYS_clone3)
		return result == -ENOSYS;
	return result == -EPERM || result == -EACCES;
}

static int
result(long r)
{
	return r < 0 ? -errno : 0;
}

static int
opened(long fd)
{
	int r = result(fd);

	if (fd >= 0)
		close((int)fd);
	return r;
}

static long
argument(const struct attempt *a, unsigned i)
{
	if (a->call[i] == PARENT)
		return getppid();
	return a->call[i] == OURSELVES ? getpid() : a->call[i];
}

static long
run(const struct attempt *a)
{
	return syscall(a->call[0], argument(a, 1), argument(a, 2), argument(a, 3),
	               argument(a, 4), 0L);
}

static int
call(const struct attempt *a)
{
	return result(run(a));
}

static int
call_to_open(const struct attempt *a)
{
	return opened(run(a));
}

static int
read_file(const struct attempt *a)
{
	return opened(open(a->path, O_RDONLY | O_CLOEXEC));
}

static int
write_file(const struct attempt *a)
{
	return opened(open(a->path, O_WRONLY | O_CLOEXEC));
}

static int
make_file(const struct attempt *a)
{
	int r = opened(open(a->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));

	if (r == 0)
		unlink(a->path);
	return r;
}

static int
make_folder(const struct attempt *a)
{
	int r = result(mkdir(a->path, 0700));

	if (r == 0)
		rmdir(a->path);
	return r;
}

static int
rename_file(const struct attempt *a)
{
	int r = result(rename(a->path, moved));

	if (r == 0)
		rename(moved, a->path);
	return r;
}

static int
make_door(const struct attempt *a)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0), r;

	if (fd < 0)
		return -errno;
	strncpy(address.sun_path, a->path, sizeof(address.sun_path) - 1);
	r = result(bind(fd, (const struct sockaddr *)&address, sizeof(address)));
	close(fd);
	if (r == 0)
		unlink(a->path);
	return r;
}

static int
map_memory(const struct attempt *a)
{
	void *page =
	    mmap(NULL, PAGE, (int)a->call[1], MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return -errno;
	munmap(page, PAGE);
	return 0;
}

static int
make_code(const struct attempt *a)
{
	void *page =
	    mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int r;

	if (page == MAP_FAILED)
		return -errno;
	r = result(syscall(a->call[0], page, PAGE, PROT_READ | PROT_EXEC, -1));
	munmap(page, PAGE);
	return r;
}

static int
exec_program(const struct attempt *a)
{
	char *const none[] = {NULL};

	return result(execve(a->path, none, none));
}

#define RW  (PROT_READ | PROT_WRITE)
#define RX  (PROT_READ | PROT_EXEC)
#define RWX (RW | PROT_EXEC)

const struct attempt attempts[] = {
    {"read_config", 0, ALL, read_file, config, {0}},
    {"read_given", WORKERS, CONCLAVED, read_file, given, {0}},
    {"read_self", 0, ALL, read_file, "/proc/self/status", {0}},
    {"read_parent", WORKERS, CONCLAVED, read_file, parent, {0}},
    {"read_beside", WORKERS, CONCLAVED, read_file, beside, {0}},
    {"read_etc", ELECTOR | PEER, CONCLAVED | CONNMGR, read_file, "/etc/passwd", {0}},
    {"write_beside", WORKERS, CONCLAVED, write_file, beside, {0}},
    {"make_beside", WORKERS, CONCLAVED, make_file, fresh, {0}},
    {"make_in_run", ELECTOR, CONCLAVED | CONNMGR | PEER, make_file, own_run, {0}},
    {"make_in_peer_run", CONNMGR | ELECTOR, PEER, make_file, peer_run, {0}},
    {"make_in_peer_data", CONNMGR | ELECTOR, PEER, make_file, peer_data, {0}},
    {"make_in_connmgr_data", ELECTOR | PEER, CONNMGR, make_file, connmgr_data, {0}},
    {"make_folder", WORKERS, CONCLAVED, make_folder, fresh, {0}},
    {"rename", WORKERS, CONCLAVED, rename_file, beside, {0}},
    {"door_beside", WORKERS, CONCLAVED, make_door, fresh, {0}},
    {"door_in_run", 0, ALL, make_door, own_run, {0}},

    {"unix", 0, ALL, call_to_open, NULL, {SYS_socket, AF_UNIX, SOCK_STREAM}},
    {"inet",
     ELECTOR | PEER,
     CONNMGR,
     call_to_open,
     NULL,
     {SYS_socket, AF_INET, SOCK_STREAM}},
    {"inet6",
     ELECTOR | PEER,
     CONNMGR,
     call_to_open,
     NULL,
     {SYS_socket, AF_INET6, SOCK_DGRAM}},
    {"raw", WORKERS, 0, call_to_open, NULL, {SYS_socket, AF_INET, SOCK_RAW, 1}},
    {"x25", ALL, 0, call_to_open, NULL, {SYS_socket, AF_X25, SOCK_SEQPACKET}},
    {"netlink", ALL, 0, call_to_open, NULL, {SYS_socket, AF_NETLINK, SOCK_RAW}},
    {"packet", ALL, 0, call_to_open, NULL, {SYS_socket, AF_PACKET, SOCK_RAW}},

    {"exec", WORKERS, 0, exec_program, "/nonexistent", {0}},
    {"execveat", WORKERS, 0, call, NULL, {SYS_execveat, -1}},
    {"ptrace", ALL, 0, call, NULL, {SYS_ptrace, PTRACE_PEEKUSER, PARENT}},
    {"process_vm_readv", ALL, 0, call, NULL, {SYS_process_vm_readv, PARENT}},
    {"kill", WORKERS, CONCLAVED, call, NULL, {SYS_kill, PARENT, 0}},
    {"tgkill", WORKERS, CONCLAVED, call, NULL, {SYS_tgkill, PARENT, PARENT, 0}},
    {"tgkill_self", 0, ALL, call, NULL, {SYS_tgkill, OURSELVES, OURSELVES, 0}},
    {"pidfd_open", WORKERS, CONCLAVED, call_to_open, NULL, {SYS_pidfd_open, PARENT}},
    /* SIGIO, and by F_SETSIG any other, for who owns the descriptor */
    {"setown", WORKERS, 0, call, NULL, {SYS_fcntl, STDERR_FILENO, F_SETOWN, 0}},
    {"fork", WORKERS, 0, call, NULL, {SYS_clone, CLONE_SIGHAND}},
    {"clone_namespace", ALL, 0, call, NULL, {SYS_clone, CLONE_NEWUSER | CLONE_FS}},
    {"thread_namespace", ALL, 0, call, NULL, {SYS_clone, CLONE_THREAD | CLONE_NEWNET}},
    {"clone3", ALL, 0, call, NULL, {SYS_clone3}},
    {"unshare", ALL, 0, call, NULL, {SYS_unshare, -1}},
    {"setns", ALL, 0, call, NULL, {SYS_setns, -1}},

    {"memory", 0, ALL, map_memory, NULL, {SYS_mmap, RW}},
    {"memory_wx", ALL, 0, map_memory, NULL, {SYS_mmap, RWX}},
    {"memory_x", WORKERS, CONCLAVED, map_memory, NULL, {SYS_mmap, RX}},
    {"mprotect_x", ALL, 0, make_code, NULL, {SYS_mprotect}},
    {"pkey_mprotect_x", ALL, 0, make_code, NULL, {SYS_pkey_mprotect}},
    {"memfd", ALL, 0, call_to_open, NULL, {SYS_memfd_create, (long)"try"}},

    {"io_uring", ALL, 0, call_to_open, NULL, {SYS_io_uring_setup}},
    {"bpf", ALL, 0, call_to_open, NULL, {SYS_bpf, -1}},
    {"userfaultfd", ALL, 0, call_to_open, NULL, {SYS_userfaultfd}},
    {"perf", ALL, 0, call_to_open, NULL, {SYS_perf_event_open, 0, 0, -1, -1}},
    {"keyctl", ALL, 0, call, NULL, {SYS_keyctl, -1}},
    {"mount", ALL, 0, call, NULL, {SYS_mount}},
    {"personality", ALL, 0, call, NULL, {SYS_personality, UINT32_MAX}},
    {"prctl", WORKERS, CONCLAVED, call, NULL, {SYS_prctl, PR_GET_DUMPABLE}},
    {"prlimit", WORKERS, CONCLAVED, call, NULL, {SYS_prlimit64, PARENT, RLIMIT_CORE}},
};

const unsigned attempt_count = sizeof(attempts) / sizeof(attempts[0]);
_Static_assert(sizeof(attempts) / sizeof(attempts[0]) <= ATTEMPTS_MAX,
               "room for results");
