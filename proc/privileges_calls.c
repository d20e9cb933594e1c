/* System calls, by seccomp; see privileges.h. A worker has a list of what it may call,
 * and all else fails with EPERM: threads of nng or glibc may then do without, and a kill
 * would turn each surprise into a crash. conclaved has a list of what it may not call:
 * nobody but its children's programs knows what they need. The names are libseccomp's; a
 * call that the machine does not have (arm64 has no `open`) is left out. */
#include "proc/privileges.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAMESPACES                                                                       \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |   \
	 CLONE_NEWPID | CLONE_NEWNET)
#define SOCKET_TYPE   0xf /* of socket's second argument, without its flags */
#define WRITING       (O_ACCMODE | O_CREAT | O_TRUNC)
#define OURSELVES     UINT64_MAX /* stands for our pid */
#define CALL_NAME_MAX 32

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

enum need { ALL, NETWORK, FILES, NO_FILES };

/* Names, with blanks between. */
struct calls {
	enum need need;
	const char *names;
};

/* One call, if its arguments are like this. Alternatives are rows of their own. */
struct call_if {
	const char *name;
	enum need need;
	unsigned count;
	struct scmp_arg_cmp args[2];
};

static const struct calls allowed[] = {
    /* descriptors */
    {ALL, "read readv write writev close lseek poll ppoll epoll_create1 epoll_ctl "
          "epoll_wait epoll_pwait epoll_pwait2 eventfd2 pipe2 timerfd_create "
          "timerfd_settime signalfd4 flock"},
    /* files, of those that Landlock leaves; arm64 has only the calls with `at`; chmod is
     * for sockets, mkdir for file_make_dir, which makes what is there already */
    {ALL, "access faccessat stat lstat fstat newfstatat readlink readlinkat getdents64 "
          "mkdir mkdirat chmod fchmod fchmodat unlink unlinkat"},
    {FILES, "open openat rename renameat renameat2 fsync"},
    /* sockets, of the families that allowed_if has; nng calls accept */
    {ALL, "bind listen connect accept accept4 shutdown getsockname getpeername "
          "getsockopt setsockopt sendto sendmsg recvfrom recvmsg"},
    /* DNS asks for IPv4 and IPv6 at once; modules of the name service switch select */
    {NETWORK, "sendmmsg select pselect6"},
    /* memory */
    {ALL, "brk munmap mremap madvise"},
    /* threads; malloc asks for the processors to count its arenas */
    {ALL, "futex set_robust_list rseq sched_yield sched_getaffinity gettid exit "
          "exit_group"},
    /* signals to ourselves; restart_syscall: SIGSTOP and SIGCONT cut a wait in two */
    {ALL, "rt_sigaction rt_sigprocmask rt_sigreturn restart_syscall"},
    /* time, and who we are; qsort asks how much memory there is */
    {ALL, "clock_gettime clock_nanosleep nanosleep gettimeofday time getrandom getpid "
          "getppid getuid geteuid getgid getegid getrusage uname sysinfo"},
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
    /* other processes */
    "ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd perf_event_open",
    /* code and memory of the kernel's, or made while running */
    "bpf userfaultfd io_uring_setup memfd_create memfd_secret pkey_mprotect shmat "
    "personality",
    /* namespaces and mounts */
    "unshare setns mount umount2 move_mount open_tree fsopen fsmount fspick "
    "mount_setattr pivot_root chroot open_by_handle_at",
    /* the machine */
    "add_key request_key keyctl init_module finit_module delete_module kexec_load "
    "kexec_file_load reboot swapon swapoff acct quotactl quotactl_fd syslog "
    "settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname "
    "vhangup iopl ioperm fanotify_init",
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
needs(const struct privileges *keep, enum need need)
{
	switch (need) {
	case NETWORK:
		return keep->network;
	case FILES:
		return keep->files;
	case NO_FILES:
		return !keep->files;
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

	/* libseccomp does not know the name */
	if (call == __NR_SCMP_ERROR)
		return -EINVAL;
	return seccomp_rule_add_array(filter, action, call, count, args);
}

static int
add_names(scmp_filter_ctx filter, uint32_t action, const char *names)
{
	char name[CALL_NAME_MAX];
	int r = 0;

	while (*names && r == 0) {
		size_t len = strcspn(names, " ");

		assert(len < sizeof(name));
		memcpy(name, names, len);
		name[len] = '\0';
		r = add(filter, action, name, 0, NULL);
		names += len + strspn(names + len, " ");
	}
	return r;
}

static int
add_if(scmp_filter_ctx filter, uint32_t action, const struct call_if *c)
{
	struct scmp_arg_cmp args[2] = {c->args[0], c->args[1]};

	if (args[0].datum_a == OURSELVES)
		args[0].datum_a = (scmp_datum_t)getpid();
	return add(filter, action, c->name, c->count, args);
}

/* The filter binds all threads, or none: loaded for the caller alone it would bind only a
 * part of the process. */
static int
open_filter(scmp_filter_ctx *out, uint32_t action)
{
	scmp_filter_ctx filter = seccomp_init(action);
	int r;

	if (!filter)
		return -ENOMEM;
	r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	/* clone3 has its flags in memory, where a filter cannot look; glibc takes clone
	 * where clone3 is missing */
	if (r == 0)
		r = add(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
	if (r < 0) {
		seccomp_release(filter);
		return r;
	}
	*out = filter;
	return 0;
}

/* `r` is what went wrong before; 0: nothing did. */
static int
load(scmp_filter_ctx filter, int r)
{
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

int
privileges_calls(const struct privileges *keep)
{
	scmp_filter_ctx filter;
	int r = open_filter(&filter, SCMP_ACT_ERRNO(EPERM));

	if (r < 0)
		return r;
	for (size_t i = 0; i < COUNT(allowed) && r == 0; i++)
		if (needs(keep, allowed[i].need))
			r = add_names(filter, SCMP_ACT_ALLOW, allowed[i].names);
	for (size_t i = 0; i < COUNT(allowed_if) && r == 0; i++)
		if (needs(keep, allowed_if[i].need))
			r = add_if(filter, SCMP_ACT_ALLOW, &allowed_if[i]);
	return load(filter, r);
}

int
privileges_calls_parent(void)
{
	scmp_filter_ctx filter;
	int r = open_filter(&filter, SCMP_ACT_ALLOW);

	if (r < 0)
		return r;
	for (size_t i = 0; i < COUNT(denied) && r == 0; i++)
		r = add_names(filter, SCMP_ACT_ERRNO(EPERM), denied[i]);
	for (size_t i = 0; i < COUNT(denied_if) && r == 0; i++)
		r = add_if(filter, SCMP_ACT_ERRNO(EPERM), &denied_if[i]);
	return load(filter, r);
}
