/* The users of the processes of this server, as this process sees them (policy.h). They
 * are read from /etc/passwd alone: what else a name service may ask could hang. */
#ifndef IPC_USERS_H
#define IPC_USERS_H

#include "ipc/policy.h"

#include <sys/types.h>

/* The users of the workers, and of conclaved in a unit of systemd; the group that all of
 * them share has the name of the last. */
#define USERS_CONNMGR   "conclave-connmgr"
#define USERS_ELECTOR   "conclave-elector"
#define USERS_PEER      "conclave-peer"
#define USERS_CONCLAVED "conclave"

/* The users and the group that the machine has. */
struct users {
	/* All of them are there, and no two are one. */
	bool complete;
	uid_t conclaved;
	uid_t connmgr;
	uid_t elector;
	uid_t peer;
	gid_t group;
};
/* Reads them from the files `passwd` and `group`. */
void users_read(const char *passwd, const char *group, struct users *out);

/* The number of the group `name` in the file `group`. 0; -ENOENT: it has no such group;
 * else -errno of the file, which a worker cannot open once it has dropped its privileges:
 * -EACCES. */
int users_group(const char *group, const char *name, uint32_t *gid);

/* A worker's start, before it drops its privileges and before proc_init: it is apart from
 * the others if it runs as the user of a worker. A conclaved that has started it keeps
 * the list of its children in run_dir. Without this call all processes have one user. */
void users_open(const char *run_dir);
/* conclaved has decided that each worker gets its own user; NULL: that all have ours. */
void users_keep_apart(const struct users *u);
/* conclaved's list of its children: in memory for itself, and as a file for the workers.
 */
struct users_child {
	pid_t pid;
	enum policy_role role;
};
#define USERS_CHILDREN_MAX 8
/* So many of those that have ended stay in the list: a door may hear what a process has
 * asked after its end, when its parent knows of the end already. */
#define USERS_ENDED_MAX 16
/* `list` has the children that live. An empty one removes the file. 0, or -errno of the
 * file; the list in memory is the new one then, too. */
int users_keep_children(const char *run_dir, const struct users_child *list,
                        unsigned count);
const struct policy *users_policy(void);
/* Of a socket at which we listen: 0600, or 0660 if the others have users of their own. */
mode_t users_socket_mode(void);

/* The members of this group may ask what changes nothing, at every door. */
void users_let_read(uint32_t gid);
/* The members of this group may read, too, and may hold leadership. */
void users_let_hold(uint32_t gid);
/* Lets these groups connect to the socket `path`: they may enter the folder, and enter
 * and list the one above if that is ours. Without such groups what an earlier process
 * allowed is taken back. 0, or -errno: -ENOTSUP: the file system has no access lists;
 * -EINVAL: we are in a namespace that does not have the group. */
int users_admit(const char *path);

/* chmod of a folder of ours to which users_admit may have let these groups. */
int users_chmod(const char *path, mode_t mode);

struct users_process {
	uid_t uid;
	/* It belongs to the group of users_let_read, of users_let_hold. */
	bool reader;
	bool holder;
	/* 0: it is in another namespace. It may have ended since. */
	pid_t pid;
	/* What it was when it was met: another process may hold its end of the socket,
	 * and have its pid, later. */
	enum policy_role role;
};
/* Who is at the other end of the socket `fd`, as the kernel says. 0 or -errno. */
int users_of(int fd, struct users_process *out);
/* Why that process may not have `what`; NULL: it may. */
const char *users_refuse(const struct users_process *who, enum policy_what what);

/* Who has to be at the other end of a link: one that may have `what`, and the process
 * `pid` if that is not 0. */
struct users_far {
	enum policy_what what;
	pid_t pid;
};
bool users_is(const struct users_far *far, const struct users_process *who);

#endif
