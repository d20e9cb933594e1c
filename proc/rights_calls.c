/* System calls, by seccomp; see rights.h. A worker has a list of what it may call, and
 * all else fails with EPERM: threads of nng or glibc may then do without, and a kill
 * would turn each surprise into a crash. conclaved has a list of what it may not: what
 * its children's programs need is theirs to say. The names are libseccomp's: one that the
 * machine does not have (arm64 has no `open`) is passed over. */
#include "proc/rights.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAMESPACES                                                                       \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |   \
	 CLONE_NEWPID | CLONE_NEWNET)
#define SOCKET_TYPE 0xf /* of socket's second argument, without its flags */
#define WRITING     (O_ACCMODE | O_CREAT | O_TRUNC)
#define OURSELVES   UINT64_MAX /* stands for our pid */

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

enum need { ALL, NETWORK, FILES, NO_FILES };

struct call {
	const char *name;
	enum need need;
};

/* Alternatives are lines of their own, with one result. */
struct call_if {
	const char *name;
	enum need need;
	unsigned count;
	struct scmp_arg_cmp args[2];
};

static const struct call allowed[] = {
    /* descriptors */
    {"read", ALL},
    {"readv", ALL},
    {"write", ALL},
    {"writev", ALL},
    {"close", ALL},
    {"lseek", ALL},
    {"poll", ALL},
    {"ppoll", ALL},
    {"epoll_create1", ALL},
    {"epoll_ctl", ALL},
    {"epoll_wait", ALL},
    {"epoll_pwait", ALL},
    {"epoll_pwait2", ALL},
    {"eventfd2", ALL},
    {"pipe2", ALL},
    {"timerfd_create", ALL},
    {"timerfd_settime", ALL},
    {"signalfd4", ALL},
    {"flock", ALL},
    /* files: which ones is Landlock's to say */
    {"access", ALL}, /* …at: arm64 has only these */
    {"faccessat", ALL},
    {"stat", ALL},
    {"lstat", ALL},
    {"fstat", ALL},
    {"newfstatat", ALL},
    {"readlink", ALL},
    {"readlinkat", ALL},
    {"getdents64", ALL},
    {"mkdir", ALL}, /* file_make_dir makes what is there already */
    {"mkdirat", ALL},
    {"chmod", ALL}, /* of sockets */
    {"fchmod", ALL},
    {"fchmodat", ALL},
    {"unlink", ALL},
    {"unlinkat", ALL},
    {"open", FILES},
    {"openat", FILES},
    {"rename", FILES},
    {"renameat", FILES},
    {"renameat2", FILES},
    {"fsync", FILES},
    /* sockets; which families is said below */
    {"bind", ALL},
    {"listen", ALL},
    {"connect", ALL},
    {"accept", ALL}, /* nng */
    {"accept4", ALL},
    {"shutdown", ALL},
    {"getsockname", ALL},
    {"getpeername", ALL},
    {"getsockopt", ALL},
    {"setsockopt", ALL},
    {"sendto", ALL},
    {"sendmsg", ALL},
    {"recvfrom", ALL},
    {"recvmsg", ALL},
    {"sendmmsg", NETWORK}, /* a question for IPv4 and one for IPv6 */
    {"select", NETWORK},   /* modules of the name service switch */
    {"pselect6", NETWORK},
    /* memory */
    {"brk", ALL},
    {"munmap", ALL},
    {"mremap", ALL},
    {"madvise", ALL},
    /* threads */
    {"futex", ALL},
    {"set_robust_list", ALL},
    {"rseq", ALL},
    {"sched_yield", ALL},
    {"sched_getaffinity", ALL}, /* malloc asks for its number of arenas */
    {"gettid", ALL},
    {"exit", ALL},
    {"exit_group", ALL},
    /* signals to ourselves */
    {"rt_sigaction", ALL},
    {"rt_sigprocmask", ALL},
    {"rt_sigreturn", ALL},
    {"restart_syscall", ALL}, /* of a wait that SIGSTOP and SIGCONT cut in two */
    /* time, and who we are */
    {"clock_gettime", ALL},
    {"clock_nanosleep", ALL},
    {"nanosleep", ALL},
    {"gettimeofday", ALL},
    {"time", ALL},
    {"getrandom", ALL},
    {"getpid", ALL},
    {"getppid", ALL},
    {"getuid", ALL},
    {"geteuid", ALL},
    {"getgid", ALL},
    {"getegid", ALL},
    {"getrusage", ALL},
    {"uname", ALL},
    {"sysinfo", ALL}, /* qsort asks how much memory there is */
};

static const struct call_if allowed_if[] = {
    {"open", NO_FILES, 1, {{1, SCMP_CMP_MASKED_EQ, WRITING, O_RDONLY}}},
    {"openat", NO_FILES, 1, {{2, SCMP_CMP_MASKED_EQ, WRITING, O_RDONLY}}},
    /* as root, raw and netlink sockets could change the network; without netlink
     * getaddrinfo takes it that there is both IPv4 and IPv6 */
    {"socket", ALL, 1, {{0, SCMP_CMP_EQ, AF_UNIX, 0}}},
    {"socket",
     NETWORK,
     2,
     {{0, SCMP_CMP_EQ, AF_INET, 0}, {1, SCMP_CMP_MASKED_EQ, SOCKET_TYPE, SOCK_STREAM}}},
    {"socket",
     NETWORK,
     2,
     {{0, SCMP_CMP_EQ, AF_INET, 0}, {1, SCMP_CMP_MASKED_EQ, SOCKET_TYPE, SOCK_DGRAM}}},
    {"socket",
     NETWORK,
     2,
     {{0, SCMP_CMP_EQ, AF_INET6, 0}, {1, SCMP_CMP_MASKED_EQ, SOCKET_TYPE, SOCK_STREAM}}},
    {"socket",
     NETWORK,
     2,
     {{0, SCMP_CMP_EQ, AF_INET6, 0}, {1, SCMP_CMP_MASKED_EQ, SOCKET_TYPE, SOCK_DGRAM}}},
    /* F_SETOWN with F_SETSIG would be a kill */
    {"fcntl", ALL, 1, {{1, SCMP_CMP_EQ, F_GETFD, 0}}},
    {"fcntl", ALL, 1, {{1, SCMP_CMP_EQ, F_SETFD, 0}}},
    {"fcntl", ALL, 1, {{1, SCMP_CMP_EQ, F_GETFL, 0}}},
    {"fcntl", ALL, 1, {{1, SCMP_CMP_EQ, F_SETFL, 0}}},
    {"fcntl", ALL, 1, {{1, SCMP_CMP_EQ, F_DUPFD_CLOEXEC, 0}}},
    {"ioctl", ALL, 1, {{1, SCMP_CMP_EQ, TCGETS, 0}}},       /* stdio: a terminal? */
    {"ioctl", NETWORK, 1, {{1, SCMP_CMP_EQ, FIONREAD, 0}}}, /* an answer of DNS */
    {"mmap", ALL, 1, {{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}}},
    {"mprotect", ALL, 1, {{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}}},
    {"clone", ALL, 1, {{0, SCMP_CMP_MASKED_EQ, CLONE_THREAD | NAMESPACES, CLONE_THREAD}}},
    {"tgkill", ALL, 1, {{0, SCMP_CMP_EQ, OURSELVES, 0}}}, /* abort */
    {"prctl", ALL, 1, {{0, SCMP_CMP_EQ, PR_SET_NAME, 0}}},
    /* more descriptors; all else may be asked, not set */
    {"prlimit64",
     NETWORK,
     2,
     {{0, SCMP_CMP_EQ, 0, 0}, {1, SCMP_CMP_EQ, RLIMIT_NOFILE, 0}}},
    {"prlimit64", ALL, 2, {{0, SCMP_CMP_EQ, 0, 0}, {2, SCMP_CMP_EQ, 0, 0}}},
};

static const char *const denied[] = {
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "kcmp",
    "pidfd_getfd",
    "perf_event_open",
    "bpf",
    "userfaultfd",
    "io_uring_setup",
    "memfd_create",
    "memfd_secret",
    "pkey_mprotect",
    "shmat",
    "personality",
    "unshare",
    "setns",
    "mount",
    "umount2",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsmount",
    "fspick",
    "mount_setattr",
    "pivot_root",
    "chroot",
    "open_by_handle_at",
    "add_key",
    "request_key",
    "keyctl",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "swapon",
    "swapoff",
    "acct",
    "quotactl",
    "quotactl_fd",
    "syslog",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "sethostname",
    "setdomainname",
    "vhangup",
    "iopl",
    "ioperm",
    "fanotify_init",
};

static const struct call_if denied_if[] = {
    {"socket", ALL, 1, {{0, SCMP_CMP_EQ, AF_AX25, 0}}},
    {"socket", ALL, 1, {{0, SCMP_CMP_EQ, AF_IPX, 0}}},
    {"socket", ALL, 1, {{0, SCMP_CMP_EQ, AF_APPLETALK, 0}}},
    {"socket", ALL, 1, {{0, SCMP_CMP_EQ, AF_NETROM, 0}}},
    {"socket", ALL, 1, {{0, SCMP_CMP_EQ, AF_BRIDGE, 0}}},
    {"socket", ALL, 1, {{0, SCMP_CMP_EQ, AF_ATMPVC, 0}}},
    {"socket", ALL, 1, {{0, SCMP_CMP_EQ, AF_X25, 0}}},
    {"socket", ALL, 1, {{0, SCMP_CMP_GT, AF_INET6, 0}}},
    {"mmap",
     ALL,
     1,
     {{2, SCMP_CMP_MASKED_EQ, PROT_WRITE | PROT_EXEC, PROT_WRITE | PROT_EXEC}}},
    {"mprotect", ALL, 1, {{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC}}},
    {"clone", ALL, 1, {{0, SCMP_CMP_MASKED_EQ, CLONE_NEWNS, CLONE_NEWNS}}},
    {"clone", ALL, 1, {{0, SCMP_CMP_MASKED_EQ, CLONE_NEWCGROUP, CLONE_NEWCGROUP}}},
    {"clone", ALL, 1, {{0, SCMP_CMP_MASKED_EQ, CLONE_NEWUTS, CLONE_NEWUTS}}},
    {"clone", ALL, 1, {{0, SCMP_CMP_MASKED_EQ, CLONE_NEWIPC, CLONE_NEWIPC}}},
    {"clone", ALL, 1, {{0, SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER}}},
    {"clone", ALL, 1, {{0, SCMP_CMP_MASKED_EQ, CLONE_NEWPID, CLONE_NEWPID}}},
    {"clone", ALL, 1, {{0, SCMP_CMP_MASKED_EQ, CLONE_NEWNET, CLONE_NEWNET}}},
};

static bool
needs(const struct rights *r, enum need need)
{
	switch (need) {
	case NETWORK:
		return r->network;
	case FILES:
		return r->files;
	case NO_FILES:
		return !r->files;
	case ALL:
	default:
		return true;
	}
}

static int
add(scmp_filter_ctx filter, uint32_t action, const char *name, unsigned count,
    const struct scmp_arg_cmp *args)
{
	int call = seccomp_syscall_resolve_name(name);

	if (call == __NR_SCMP_ERROR) /* a name that libseccomp does not know */
		return -EINVAL;
	return seccomp_rule_add_array(filter, action, call, count, args);
}

static int
add_if(scmp_filter_ctx filter, uint32_t action, const struct call_if *c)
{
	struct scmp_arg_cmp args[2] = {c->args[0], c->args[1]};

	if (args[0].datum_a == OURSELVES)
		args[0].datum_a = (scmp_datum_t)getpid();
	return add(filter, action, c->name, c->count, args);
}

/* Every thread that there might be, or none: loaded for the caller alone it would bind
 * only a part of the process. */
static int
open_filter(scmp_filter_ctx *out, uint32_t action)
{
	scmp_filter_ctx filter = seccomp_init(action);
	int r;

	if (!filter)
		return -ENOMEM;
	r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	/* its flags are in memory, where a filter cannot look; glibc then takes clone */
	if (r == 0)
		r = add(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
	if (r < 0) {
		seccomp_release(filter);
		return r;
	}
	*out = filter;
	return 0;
}

/* Unless something went wrong before */
static int
load(scmp_filter_ctx filter, int r)
{
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

int
rights_calls(const struct rights *rights)
{
	scmp_filter_ctx filter;
	int r = open_filter(&filter, SCMP_ACT_ERRNO(EPERM));

	if (r < 0)
		return r;
	for (size_t i = 0; i < COUNT(allowed) && r == 0; i++)
		if (needs(rights, allowed[i].need))
			r = add(filter, SCMP_ACT_ALLOW, allowed[i].name, 0, NULL);
	for (size_t i = 0; i < COUNT(allowed_if) && r == 0; i++)
		if (needs(rights, allowed_if[i].need))
			r = add_if(filter, SCMP_ACT_ALLOW, &allowed_if[i]);
	return load(filter, r);
}

int
rights_calls_parent(void)
{
	scmp_filter_ctx filter;
	int r = open_filter(&filter, SCMP_ACT_ALLOW);

	if (r < 0)
		return r;
	for (size_t i = 0; i < COUNT(denied) && r == 0; i++)
		r = add(filter, SCMP_ACT_ERRNO(EPERM), denied[i], 0, NULL);
	for (size_t i = 0; i < COUNT(denied_if) && r == 0; i++)
		r = add_if(filter, SCMP_ACT_ERRNO(EPERM), &denied_if[i]);
	return load(filter, r);
}
