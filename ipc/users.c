/* See users.h. */
#include "ipc/users.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Set by conclaved for those that it starts. */
#define PARENT_VAR "CONCLAVE_PARENT"
#define NO_USER    ((uid_t)-1)
#define NO_GROUP   ((gid_t)-1)

static struct policy here;
static bool known;
/* The process group of the workers of our conclaved, which we are in; 0: we have none. */
static pid_t kin_group;

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

static void
read_group(const char *group, struct users *out)
{
	FILE *file = fopen(group, "re");
	const struct group *row;

	while (file && (row = fgetgrent(file)))
		if (strcmp(row->gr_name, USERS_CONCLAVED) == 0)
			out->group = row->gr_gid;
	if (file)
		fclose(file);
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
	read_group(group, out);
	out->complete = out->group != NO_GROUP && out->group != 0;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		out->complete &= *ids[i] != NO_USER && *ids[i] != 0;
		for (size_t k = 0; k < i; k++)
			out->complete &= *ids[i] != *ids[k];
	}
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
	here = (struct policy){.apart = true,
	                       .hidden = are_hidden(),
	                       .own = geteuid(),
	                       .conclaved = u->conclaved,
	                       .connmgr = u->connmgr,
	                       .elector = u->elector,
	                       .peer = u->peer};
	known = true;
}

void
users_open(void)
{
	uid_t own = geteuid();
	struct users u;

	users_read("/etc/passwd", "/etc/group", &u);
	if (u.complete && (own == u.connmgr || own == u.elector || own == u.peer))
		users_keep_apart(&u);
	else
		be_one_user();
	kin_group = getenv(PARENT_VAR) ? getpgrp() : 0;
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

int
users_of(int fd, struct users_process *out)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
		return -errno;
	*out = (struct users_process){.uid = who.uid, .pid = who.pid};
	return 0;
}

const char *
users_refuse(const struct users_process *who, enum policy_what what)
{
	struct policy_asker asker = {.uid = who->uid};

	asker.kin = kin_group > 0 && who->pid > 0 && getpgid(who->pid) == kin_group;
	return policy_refuses(users_policy(), &asker, what);
}

bool
users_is(const struct users_far *far, const struct users_process *who)
{
	return (far->pid == 0 || far->pid == who->pid) && !users_refuse(who, far->what);
}
