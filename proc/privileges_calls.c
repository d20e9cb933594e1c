/* System calls, by seccomp; see privileges.h. A worker has a list of what it may call,
 * and all else fails with EPERM: threads of nng or glibc may then do without, and a kill
 * would turn each surprise into a crash. conclaved has a list of what it may not call:
 * nobody but its children's programs knows what they need. The names are libseccomp's; a
 * call that the machine does not have (arm64 has no `open`) is left out. */
#include "ipc/acl.h"
#include "proc/privileges.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
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
#include <sys/stat.h>
#include <unistd.h>

#define NAMESPACES                                                                       \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |   \
	 CLONE_NEWPID | CLONE_NEWNET)
#define SOCKET_TYPE   0xf /* of socket's second argument, without its flags */
#define SET_ID        (S_ISUID | S_ISGID)
#define MPTCP         262 /* IPPROTO_MPTCP of linux/in.h, since 5.6 */
#define WRITING       (O_ACCMODE | O_CREAT | O_TRUNC)
#define OURSELVES     UINT64_MAX /* stands for our pid */
#define CALL_NAME_MAX 32
#define ARGS_MAX      3

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* Who may make a call: all programs, or those that keep a privilege. */
enum need { ALL = 1, NETWORK = 2, FILES = 4, NO_FILES = 8 };

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
	struct scmp_arg_cmp args[ARGS_MAX];
};
#define EQUAL(arg, value)                                                                \
	{                                                                                \
		arg, SCMP_CMP_EQ, value, 0                                               \
	}
#define MASKED(arg, mask, value)                                                         \
	{                                                                                \
		arg, SCMP_CMP_MASKED_EQ, mask, value                                     \
	}

/* A socket of this type and protocol, and no other. */
#define INTERNET(family, type, protocol)                                                 \
	{                                                                                \
		"socket", NETWORK, 3,                                                    \
		{                                                                        \
			EQUAL(0, family), MASKED(1, SOCKET_TYPE, type),                  \
			    EQUAL(2, protocol)                                           \
		}                                                                        \
	}
/* Of a mode: either bit is enough to refuse. */
#define SETS_ID(name, arg)                                                               \
	{name, ALL, 1, {MASKED(arg, S_ISUID, S_ISUID)}},                                 \
	{                                                                                \
		name, ALL, 1,                                                            \
		{                                                                        \
			MASKED(arg, S_ISGID, S_ISGID)                                    \
		}                                                                        \
	}

static const struct calls allowed[] = {
    /* descriptors */
    {ALL, "read readv write writev close lseek poll ppoll epoll_create1 epoll_ctl "
          "epoll_wait epoll_pwait epoll_pwait2 eventfd2 pipe2 timerfd_create "
          "timerfd_settime signalfd4 flock"},
    /* files, of those that Landlock leaves; arm64 has only the calls with `at`;
     * mkdir is for file_make_dir, which makes what is there already */
    {ALL,
     "access faccessat stat lstat fstat newfstatat statx readlink readlinkat getdents64 "
     "mkdir mkdirat unlink unlinkat"},
    /* access lists of our folder and door, for groups of the file; see setxattr below */
    {ALL, "getxattr removexattr"},
    {FILES, "rename renameat renameat2 fsync ftruncate fdatasync syncfs pread64 "
            "pwrite64 statx fstatfs fallocate"},
    /* sockets, of the families that allowed_if has; nng calls accept */
    {ALL, "bind listen connect accept accept4 shutdown getsockname getpeername "
          "getsockopt setsockopt recvfrom recvmsg"},
    /* modules of the name service switch select */
    {NETWORK, "select pselect6"},
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
    /* no file gets a set-id bit: who executed it would become us */
    {"chmod", ALL, 1, {MASKED(1, SET_ID, 0)}},
    {"fchmod", ALL, 1, {MASKED(1, SET_ID, 0)}},
    {"fchmodat", ALL, 1, {MASKED(2, SET_ID, 0)}},
    {"open", FILES, 1, {MASKED(2, SET_ID, 0)}},
    {"openat", FILES, 1, {MASKED(3, SET_ID, 0)}},
    {"open", NO_FILES, 1, {MASKED(1, WRITING, O_RDONLY)}},
    {"openat", NO_FILES, 1, {MASKED(2, WRITING, O_RDONLY)}},
    /* as root, raw and netlink sockets could change the network; without netlink
     * getaddrinfo takes it that there is both IPv4 and IPv6; MPTCP
     * would get past the ports that Landlock allows */
    {"socket", ALL, 1, {EQUAL(0, AF_UNIX)}},
    INTERNET(AF_INET, SOCK_STREAM, IPPROTO_IP),
    INTERNET(AF_INET, SOCK_STREAM, IPPROTO_TCP),
    INTERNET(AF_INET, SOCK_DGRAM, IPPROTO_IP),
    INTERNET(AF_INET, SOCK_DGRAM, IPPROTO_UDP),
    INTERNET(AF_INET6, SOCK_STREAM, IPPROTO_IP),
    INTERNET(AF_INET6, SOCK_STREAM, IPPROTO_TCP),
    INTERNET(AF_INET6, SOCK_DGRAM, IPPROTO_IP),
    INTERNET(AF_INET6, SOCK_DGRAM, IPPROTO_UDP),
    /* MSG_FASTOPEN would be a connect that Landlock does not see */
    {"sendto", ALL, 1, {MASKED(3, MSG_FASTOPEN, 0)}},
    {"sendmsg", ALL, 1, {MASKED(2, MSG_FASTOPEN, 0)}},
    {"sendmmsg", NETWORK, 1, {MASKED(3, MSG_FASTOPEN, 0)}},
    /* F_SETOWN with F_SETSIG would be a kill */
    {"fcntl", ALL, 1, {EQUAL(1, F_GETFD)}},
    {"fcntl", ALL, 1, {EQUAL(1, F_SETFD)}},
    {"fcntl", ALL, 1, {EQUAL(1, F_GETFL)}},
    {"fcntl", ALL, 1, {EQUAL(1, F_SETFL)}},
    {"fcntl", ALL, 1, {EQUAL(1, F_DUPFD_CLOEXEC)}},
    {"ioctl", ALL, 1, {EQUAL(1, TCGETS)}},       /* stdio: a terminal? */
    {"ioctl", NETWORK, 1, {EQUAL(1, FIONREAD)}}, /* an answer of DNS */
    {"mmap", ALL, 1, {MASKED(2, PROT_EXEC, 0)}},
    {"mprotect", ALL, 1, {MASKED(2, PROT_EXEC, 0)}},
    {"clone", ALL, 1, {MASKED(0, CLONE_THREAD | NAMESPACES, CLONE_THREAD)}},
    {"tgkill", ALL, 1, {EQUAL(0, OURSELVES)}}, /* abort */
    {"prctl", ALL, 1, {EQUAL(0, PR_SET_NAME)}},
    /* an access list: what gives an executor capabilities is shorter */
    {"setxattr", ALL, 1, {EQUAL(3, ACL_BYTES)}},
    {"setxattr", ALL, 1, {EQUAL(3, ACL_BYTES_2)}},
    /* more descriptors; all else may be asked, not set */
    {"prlimit64", NETWORK, 2, {EQUAL(0, 0), EQUAL(1, RLIMIT_NOFILE)}},
    {"prlimit64", ALL, 2, {EQUAL(0, 0), EQUAL(2, 0)}},
};

static const struct calls denied[] = {
    /* other processes */
    {ALL, "ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd perf_event_open"},
    /* code and memory of the kernel's, or made while running */
    {ALL, "bpf userfaultfd io_uring_setup memfd_create memfd_secret pkey_mprotect shmat "
          "personality"},
    /* namespaces and mounts */
    {ALL, "unshare setns mount umount2 move_mount open_tree fsopen fsmount fspick "
          "mount_setattr pivot_root chroot open_by_handle_at"},
    /* the machine */
    {ALL, "add_key request_key keyctl init_module finit_module delete_module kexec_load "
          "kexec_file_load reboot swapon swapoff acct quotactl quotactl_fd syslog "
          "settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname "
          "vhangup iopl ioperm fanotify_init"},
    /* files that give their reader or executor something */
    {ALL, "mknod mknodat lsetxattr fsetxattr"},
};

static const struct call_if denied_if[] = {
    {"setxattr", ALL, 1, {{3, SCMP_CMP_LT, ACL_BYTES, 0}}},
    {"setxattr", ALL, 1, {{3, SCMP_CMP_GT, ACL_BYTES_2, 0}}},
    {"socket", ALL, 1, {EQUAL(0, AF_AX25)}},
    {"socket", ALL, 1, {EQUAL(0, AF_IPX)}},
    {"socket", ALL, 1, {EQUAL(0, AF_APPLETALK)}},
    {"socket", ALL, 1, {EQUAL(0, AF_NETROM)}},
    {"socket", ALL, 1, {EQUAL(0, AF_BRIDGE)}},
    {"socket", ALL, 1, {EQUAL(0, AF_ATMPVC)}},
    {"socket", ALL, 1, {EQUAL(0, AF_X25)}},
    {"socket", ALL, 1, {{0, SCMP_CMP_GT, AF_INET6, 0}}},
    {"socket", ALL, 1, {EQUAL(2, MPTCP)}},
    SETS_ID("chmod", 1),
    SETS_ID("fchmod", 1),
    SETS_ID("fchmodat", 2),
    SETS_ID("open", 2),
    SETS_ID("openat", 3),
    SETS_ID("creat", 1),
    {"mmap", ALL, 1, {MASKED(2, PROT_WRITE | PROT_EXEC, PROT_WRITE | PROT_EXEC)}},
    {"mprotect", ALL, 1, {MASKED(2, PROT_EXEC, PROT_EXEC)}},
    {"clone", ALL, 1, {MASKED(0, CLONE_NEWNS, CLONE_NEWNS)}},
    {"clone", ALL, 1, {MASKED(0, CLONE_NEWCGROUP, CLONE_NEWCGROUP)}},
    {"clone", ALL, 1, {MASKED(0, CLONE_NEWUTS, CLONE_NEWUTS)}},
    {"clone", ALL, 1, {MASKED(0, CLONE_NEWIPC, CLONE_NEWIPC)}},
    {"clone", ALL, 1, {MASKED(0, CLONE_NEWUSER, CLONE_NEWUSER)}},
    {"clone", ALL, 1, {MASKED(0, CLONE_NEWPID, CLONE_NEWPID)}},
    {"clone", ALL, 1, {MASKED(0, CLONE_NEWNET, CLONE_NEWNET)}},
};

/* These have their flags and modes in memory, where a filter cannot look, or are newer
 * than libseccomp: as if this kernel had none of them. Who calls them does without. */
#define FCHMODAT2 452 /* of every machine, since 6.6 */
static const int missing[] = {SCMP_SYS(clone3), SCMP_SYS(openat2), FCHMODAT2};

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
	struct scmp_arg_cmp args[ARGS_MAX];

	memcpy(args, c->args, sizeof(args));
	if (args[0].datum_a == OURSELVES)
		args[0].datum_a = (scmp_datum_t)getpid();
	return add(filter, action, c->name, c->count, args);
}

/* Loads a filter for all threads of the process: `action` for the calls of both lists
 * that one of `have` (enum need) needs, `otherwise` for the rest. */
static int
load(uint32_t otherwise, uint32_t action, unsigned have, const struct calls *calls,
     size_t call_count, const struct call_if *ifs, size_t if_count)
{
	scmp_filter_ctx filter = seccomp_init(otherwise);
	int r;

	if (!filter)
		return -ENOMEM;
	r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	for (size_t i = 0; i < COUNT(missing) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), missing[i], 0);
	for (size_t i = 0; i < call_count && r == 0; i++)
		if (calls[i].need & have)
			r = add_names(filter, action, calls[i].names);
	for (size_t i = 0; i < if_count && r == 0; i++)
		if (ifs[i].need & have)
			r = add_if(filter, action, &ifs[i]);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

int
privileges_calls(const struct privileges *keep)
{
	unsigned have =
	    ALL | (keep->network ? NETWORK : 0u) | (keep->files ? FILES : NO_FILES);

	return load(SCMP_ACT_ERRNO(EPERM), SCMP_ACT_ALLOW, have, allowed, COUNT(allowed),
	            allowed_if, COUNT(allowed_if));
}

int
privileges_calls_parent(void)
{
	return load(SCMP_ACT_ALLOW, SCMP_ACT_ERRNO(EPERM), ALL, denied, COUNT(denied),
	            denied_if, COUNT(denied_if));
}
