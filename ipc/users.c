/* See users.h. */
#include "ipc/users.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/paths.h"
#include "ipc/acl.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Set by conclaved for those that it starts. */
#define PARENT_VAR    "CONCLAVE_PARENT"
#define CHILDREN_FILE "children"
/* a pid and a role for each */
#define CHILDREN_TEXT_MAX ((USERS_CHILDREN_MAX + USERS_ENDED_MAX) * 32)
#define NO_USER           ((uid_t)-1)
#define NO_GROUP          ((gid_t)-1)

static struct policy here;
static bool known;
/* The children of our conclaved: the file that lists them ("": we have none), or, in
 * conclaved itself, the list. */
static char children_file[PATH_MAX];
static struct users_child children[USERS_CHILDREN_MAX];
static unsigned child_count;
/* Of those that may read, and hold; ACL_NO_GROUP: there is no such group. */
enum { READERS, HOLDERS };
static gid_t groups[ACL_GROUPS] = {ACL_NO_GROUP, ACL_NO_GROUP};
/* In turn; a pid of 0: none yet. */
static struct users_child ended[USERS_ENDED_MAX];
static unsigned ended_turn;

static void
read_users(const char *passwd, struct users *out)
{
	const struct {
		const char *name;
		uid_t *uid;
	} wanted[] = {{USERS_CONCLAVED, &out->conclaved},
	              {USERS_CONNMGR, &out->connmgr},
	              {USERS_ELECTOR, &out->elector},
	              {USERS_PEER, &out->peer}};
	FILE *file = fopen(passwd, "re");
	const struct passwd *row;

	while (file && (row = fgetpwent(file)))
		for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
			if (strcmp(row->pw_name, wanted[i].name) == 0)
				*wanted[i].uid = row->pw_uid;
	if (file)
		fclose(file);
}

int
users_group(const char *group, const char *name, uint32_t *gid)
{
	FILE *file = fopen(group, "re");
	const struct group *row;
	int r = -ENOENT;

	if (!file)
		return -errno;
	while (r < 0 && (row = fgetgrent(file)))
		if (strcmp(row->gr_name, name) == 0) {
			*gid = row->gr_gid;
			r = 0;
		}
	fclose(file);
	return r;
}

void
users_read(const char *passwd, const char *group, struct users *out)
{
	const uid_t *ids[] = {&out->conclaved, &out->connmgr, &out->elector, &out->peer};

	*out = (struct users){.complete = true,
	                      .conclaved = NO_USER,
	                      .connmgr = NO_USER,
	                      .elector = NO_USER,
	                      .peer = NO_USER,
	                      .group = NO_GROUP};
	read_users(passwd, out);
	(void)users_group(group, USERS_CONCLAVED, &out->group); /* else there is none */
	out->complete = out->group != NO_GROUP && out->group != 0;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		out->complete &= *ids[i] != NO_USER && *ids[i] != 0;
		for (size_t k = 0; k < i; k++)
			out->complete &= *ids[i] != *ids[k];
	}
}

void
users_let_read(uint32_t gid)
{
	groups[READERS] = gid;
}

void
users_let_hold(uint32_t gid)
{
	groups[HOLDERS] = gid;
}

int
users_admit(const char *path)
{
	char folder[PATH_MAX];
	int r;

	snprintf(folder, sizeof(folder), "%s", path);
	for (unsigned up = 0; up < 2; up++) {
		char *slash = strrchr(folder, '/');

		if (!slash || slash == folder)
			break;
		*slash = '\0';
		r = acl_grant(folder, groups, up == 0 ? ACL_ENTER : ACL_LIST);
		/* whose run_dir is another's, that one lets them in */
		if (r < 0 && !(up == 1 && r == -EPERM))
			return r;
	}
	return acl_grant(path, groups, ACL_USE);
}

int
users_chmod(const char *path, mode_t mode)
{
	return acl_chmod(path, mode, groups, ACL_LIST);
}

/* True if the uids of others cannot be seen here: not all of them are mapped. */
static bool
are_hidden(void)
{
	unsigned long long inside = 0, outside = 0, count = 0;
	FILE *map = fopen("/proc/self/uid_map", "re");

	if (!map)
		return false;
	if (fscanf(map, "%llu %llu %llu", &inside, &outside, &count) != 3)
		count = UINT32_MAX;
	fclose(map);
	return count < UINT32_MAX;
}

static void
be_one_user(void)
{
	here = (struct policy){.own = geteuid()};
	known = true;
}

void
users_keep_apart(const struct users *u)
{
	if (!u) {
		be_one_user();
		return;
	}
	here = (struct policy){.apart = true,
	                       .hidden = are_hidden(),
	                       .own = geteuid(),
	                       .conclaved = u->conclaved,
	                       .connmgr = u->connmgr,
	                       .elector = u->elector,
	                       .peer = u->peer};
	known = true;
}

static int
name_children_file(const char *run_dir, char out[PATH_MAX])
{
	return paths_below(out, PATH_MAX, run_dir, PATHS_CONCLAVED, CHILDREN_FILE);
}

void
users_open(const char *run_dir)
{
	uid_t own = geteuid();
	struct users u;

	users_read("/etc/passwd", "/etc/group", &u);
	if (u.complete && (own == u.connmgr || own == u.elector || own == u.peer))
		users_keep_apart(&u);
	else
		be_one_user();
	if (getenv(PARENT_VAR))
		(void)name_children_file(run_dir, children_file);
}

static const struct users_child *
find_child(const struct users_child *list, unsigned count, pid_t pid)
{
	for (unsigned i = 0; i < count; i++)
		if (list[i].pid == pid)
			return &list[i];
	return NULL;
}

static void
put_children(struct buf_out *out, const struct users_child *list, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (list[i].pid > 0)
			buf_put_text(out, "%d %d\n", (int)list[i].pid, (int)list[i].role);
}

int
users_keep_children(const char *run_dir, const struct users_child *list, unsigned count)
{
	char path[PATH_MAX], text[CHILDREN_TEXT_MAX];
	struct buf_out out;

	count = count < USERS_CHILDREN_MAX ? count : USERS_CHILDREN_MAX;
	for (unsigned i = 0; i < child_count; i++)
		if (!find_child(list, count, children[i].pid))
			ended[ended_turn++ % USERS_ENDED_MAX] = children[i];
	child_count = count;
	for (unsigned i = 0; i < count; i++)
		children[i] = list[i];
	buf_out_init(&out, text, sizeof(text));
	/* the living come first: a pid may come again */
	put_children(&out, children, child_count);
	put_children(&out, ended, USERS_ENDED_MAX);
	if (name_children_file(run_dir, path) < 0 || out.bad)
		return -ENAMETOOLONG;
	if (count == 0)
		return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
	return file_write_shared(path, text, out.len, false);
}

/* A list that is not there refuses nobody. One that may not be read is what a worker
 * would make of it, who can take that right away from its own user, and refuses all. */
static enum policy_role
role_of(pid_t pid)
{
	const struct users_child *child = find_child(children, child_count, pid);
	char text[CHILDREN_TEXT_MAX], *at = text;
	int number, role, used, r;
	size_t len;

	if (!child && pid > 0)
		child = find_child(ended, USERS_ENDED_MAX, pid);
	if (child)
		return child->role;
	if (pid <= 0 || !*children_file)
		return POLICY_NO_CHILD;
	r = file_read(children_file, text, sizeof(text), &len);
	if (r < 0)
		return r == -EACCES ? POLICY_CANDIDATE : POLICY_NO_CHILD;
	for (; sscanf(at, "%d %d\n%n", &number, &role, &used) == 2; at += used)
		if (number == pid && role > POLICY_NO_CHILD && role <= POLICY_CANDIDATE)
			return (enum policy_role)role;
	return POLICY_NO_CHILD;
}

const struct policy *
users_policy(void)
{
	if (!known)
		be_one_user();
	return &here;
}

mode_t
users_socket_mode(void)
{
	return users_policy()->apart ? 0660 : 0600;
}

/* Which of our groups the process at the other end of the socket has, as the kernel says.
 */
static void
find_groups(int fd, gid_t own, struct users_process *out)
{
	static gid_t list[NGROUPS_MAX + 1]; /* too large for the stack of a worker */
	socklen_t len = sizeof(list) - sizeof(list[0]);

	if (groups[READERS] == ACL_NO_GROUP && groups[HOLDERS] == ACL_NO_GROUP)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, list, &len) < 0)
		len = 0;
	list[len / sizeof(list[0])] = own;
	for (size_t i = 0; i <= len / sizeof(list[0]); i++) {
		out->reader |= list[i] == groups[READERS];
		out->holder |= list[i] == groups[HOLDERS];
	}
}

int
users_of(int fd, struct users_process *out)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
		return -errno;
	*out = (struct users_process){
	    .uid = who.uid, .pid = who.pid, .role = role_of(who.pid)};
	find_groups(fd, who.gid, out);
	return 0;
}

const char *
users_refuse(const struct users_process *who, enum policy_what what)
{
	struct policy_asker asker = {.uid = who->uid,
	                             .reader = who->reader,
	                             .holder = who->holder,
	                             .role = who->role};

	if (asker.role == POLICY_NO_CHILD)
		asker.role = role_of(who->pid);
	return policy_refuses(users_policy(), &asker, what);
}

bool
users_is(const struct users_far *far, const struct users_process *who)
{
	return (far->pid == 0 || far->pid == who->pid) && !users_refuse(who, far->what);
}
