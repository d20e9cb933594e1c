/* See attempt.h. All of it runs in a signal handler. What is tried is chosen so that
 * without filters it would either succeed and leave nothing, or fail for another reason,
 * with an errno that says so: an exec of a program that is not there, a clone whose flags
 * contradict each other. */
#include "tests/privileges/attempt.h"

#include "ipc/msg.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <poll.h>
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

#define PAGE       4096
#define MPTCP      262 /* IPPROTO_MPTCP of linux/in.h */
#define OTHER_PORT 9   /* in no configuration of the tests */
#define ANSWER_MS  5000
/* They stand for the pid of the parent, and for ours. */
#define PARENT    LONG_MIN
#define OURSELVES (LONG_MIN + 1)

static char config[PATH_MAX], given[PATH_MAX], beside[PATH_MAX], fresh[PATH_MAX],
    moved[PATH_MAX], own_run[PATH_MAX], peer_run[PATH_MAX], peer_data[PATH_MAX],
    connmgr_data[PATH_MAX], own_data[PATH_MAX], parent[PATH_MAX], own_door[PATH_MAX],
    conclaved_door[PATH_MAX], connmgr_door[PATH_MAX], peer_door[PATH_MAX],
    abstract[PATH_MAX];

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
	snprintf(own_data, PATH_MAX, "%s/data/fresh", server);
	snprintf(own_door, PATH_MAX, "%s/run/%s/door", server, own);
	snprintf(conclaved_door, PATH_MAX, "%s/run/conclaved/door", server);
	snprintf(connmgr_door, PATH_MAX, "%s/run/connmgr/door", server);
	snprintf(peer_door, PATH_MAX, "%s/run/peer/door", server);
	snprintf(abstract, PATH_MAX, "%cconclave%s", 0, server);
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

static int
set_mode(const struct attempt *a)
{
	int r = result(chmod(a->path, (mode_t)a->call[1]));

	if (r == 0)
		chmod(a->path, 0600);
	return r;
}

static int
set_mode_at(const struct attempt *a)
{
	int r = result(fchmodat(AT_FDCWD, a->path, (mode_t)a->call[1], 0));

	if (r == 0)
		chmod(a->path, 0600);
	return r;
}

/* Of a socket that has no file. */
static int
set_mode_of_socket(const struct attempt *a)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0), r;

	if (fd < 0)
		return -errno;
	r = result(fchmod(fd, (mode_t)a->call[1]));
	close(fd);
	return r;
}

static int
make_with_mode(const struct attempt *a)
{
	int r = opened(open(a->path, O_WRONLY | O_CREAT | O_CLOEXEC, (mode_t)a->call[1]));

	if (r == 0)
		unlink(a->path);
	return r;
}

static int
make_node(const struct attempt *a)
{
	int r = result(mknod(a->path, (mode_t)a->call[1], 0));

	if (r == 0)
		unlink(a->path);
	return r;
}

/* connect to, or bind at, a port that is not ours: without a filter it is refused by
 * nobody but, for connect, the kernel, since no one listens there. */
static int
use_port(const struct attempt *a)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_port = htons(OTHER_PORT),
	                              .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), r;

	if (fd < 0)
		return -errno;
	r = result(syscall(a->call[0], fd, &address, sizeof(address)));
	close(fd);
	return r;
}

static int
send_fast(const struct attempt *a)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), r;

	(void)a;
	if (fd < 0)
		return -errno;
	r = result(send(fd, "", 0, MSG_FASTOPEN | MSG_NOSIGNAL));
	close(fd);
	return r;
}

static int
connect_abstract(const struct attempt *a)
{
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0), r;

	(void)a;
	if (fd < 0)
		return -errno;
	r = result(
	    connect(fd, (const struct sockaddr *)&address, attempt_abstract(&address)));
	close(fd);
	return r;
}

socklen_t
attempt_abstract(struct sockaddr_un *out)
{
	size_t len = 1 + strlen(abstract + 1);

	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(out->sun_path, abstract, len);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

/* The answer at a door: its length or -errno. */
static int
ask(const char *door, const void *request, size_t len, char *answer, size_t cap)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0), r;
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	if (fd < 0)
		return -errno;
	strncpy(address.sun_path, door, sizeof(address.sun_path) - 1);
	r = result(connect(fd, (const struct sockaddr *)&address, sizeof(address)));
	if (r == 0 && send(fd, request, len, MSG_NOSIGNAL) < 0)
		r = -errno;
	if (r == 0)
		r = poll(&wait, 1, ANSWER_MS) == 1 ? 0 : -ETIMEDOUT;
	if (r == 0)
		r = (int)recv(fd, answer, cap - 1, 0);
	if (r < 0 && fd >= 0 && r == -1)
		r = -errno;
	close(fd);
	answer[r > 0 ? r : 0] = '\0';
	return r;
}

/* The reason that a door gives to who may not: the words are those of ipc/policy.c. */
static int
judge(int r, const char *answer)
{
	if (r <= 0)
		return r < 0 ? r : -ECONNRESET;
	return strstr(answer, " may ask for this, ") ||
	               strstr(answer, " may attach as the ")
	           ? -EACCES
	           : 0;
}

static const char *const asks[] = {"swap 0 force /nonexistent/elector", "restart peer",
                                   "promote forward main", "accept main", "claim 1"};
enum ask_for { SWAP, RESTART, PROMOTE, ACCEPT, CLAIM };

static int
ask_words(const struct attempt *a)
{
	char answer[4096];
	const char *words = asks[a->call[1]];

	return judge(ask(a->path, words, strlen(words), answer, sizeof(answer)), answer);
}

static int
attach(const struct attempt *a)
{
	struct msg m = {.type = MSG_ATTACH};
	char packet[512], answer[4096];
	size_t len;

	m.u.attach.who = (uint8_t)a->call[1];
	snprintf(m.u.attach.name, sizeof(m.u.attach.name), "stranger");
	snprintf(m.u.attach.build, sizeof(m.u.attach.build), "0");
	m.u.attach.pid = getpid();
	m.u.attach.set = MSG_SET;
	len = msg_encode(&m, packet, sizeof(packet));
	return judge(ask(connmgr_door, packet, len, answer, sizeof(answer)), answer);
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

    /* what conclaved obeys */
    {"make_in_data", WORKERS, 0, make_file, own_data, {0}},
    {"swap", WORKERS, 0, ask_words, conclaved_door, {0, SWAP}},
    {"restart", WORKERS, 0, ask_words, conclaved_door, {0, RESTART}},
    {"promote", ELECTOR | PEER, 0, ask_words, connmgr_door, {0, PROMOTE}},
    {"accept", ELECTOR | PEER, 0, ask_words, connmgr_door, {0, ACCEPT}},
    {"claim", CONNMGR | ELECTOR, 0, ask_words, peer_door, {0, CLAIM}},
    {"attach_as_peer", ELECTOR, 0, attach, NULL, {0, MSG_WHO_PEER}},
    {"attach_as_elector", PEER, 0, attach, NULL, {0, MSG_WHO_ELECTOR}},

    {"chmod", 0, ALL, set_mode, own_door, {0, 0600}},
    {"chmod_setuid", ALL, 0, set_mode, own_door, {0, 04755}},
    {"chmod_setgid", ALL, 0, set_mode, own_door, {0, 02755}},
    {"fchmod_setuid", ALL, 0, set_mode_of_socket, NULL, {0, 04755}},
    {"fchmodat_setuid", ALL, 0, set_mode_at, own_door, {0, 04755}},
    {"make_setuid", ALL, 0, make_with_mode, own_run, {0, 04755}},
    {"make_setgid", ALL, 0, make_with_mode, own_run, {0, 02755}},
    {"make_node", ALL, 0, make_node, own_run, {0, S_IFREG | 04755}},

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
    {"mptcp", ALL, 0, call_to_open, NULL, {SYS_socket, AF_INET, SOCK_STREAM, MPTCP}},
    {"mptcp6", ALL, 0, call_to_open, NULL, {SYS_socket, AF_INET6, SOCK_STREAM, MPTCP}},
    {"sctp", WORKERS, 0, call_to_open, NULL, {SYS_socket, AF_INET, SOCK_STREAM, 132}},
    {"connect_other_port", ELECTOR | PEER, 0, use_port, NULL, {SYS_connect}},
    {"bind_other_port", CONNMGR, 0, use_port, NULL, {SYS_bind, [ABI] = 4}},
    {"send_fast", WORKERS, 0, send_fast, NULL, {0}},
    {"abstract", WORKERS, CONCLAVED, connect_abstract, NULL, {[ABI] = 6}},
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
