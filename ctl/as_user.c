/* See as_user.h. */
#include "ctl/as_user.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMES_MAX 4096

/* Adds the groups to those of this process. */
static bool
add_groups(const char *names)
{
	char text[NAMES_MAX], *rest = text, *name;
	gid_t list[NGROUPS_MAX + 1];
	int count = getgroups(NGROUPS_MAX, list);

	snprintf(text, sizeof(text), "%s", names);
	while (count >= 0 && count < NGROUPS_MAX && (name = strsep(&rest, " "))) {
		const struct group *g = *name ? getgrnam(name) : NULL;

		if (g)
			list[count++] = g->gr_gid;
	}
	return count >= 0 && setgroups((size_t)count, list) == 0;
}

/* In a process of its own, which ends here. */
static void __attribute__((noreturn))
try(const struct passwd *user, const char *group, const char *groups, const char *file)
{
	const struct group *g = *group ? getgrnam(group) : NULL;
	gid_t gid = g ? g->gr_gid : user->pw_gid;

	if (initgroups(user->pw_name, gid) < 0 || !add_groups(groups) ||
	    setresgid(gid, gid, gid) < 0 ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0)
		_exit(0); /* nothing is known */
	_exit(open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK) < 0 ? errno : 0);
}

const char *
as_user_cannot_read(const char *user, const char *group, const char *groups,
                    const char *file)
{
	const struct passwd *who = geteuid() == 0 ? getpwnam(user) : NULL;
	pid_t pid = who ? fork() : -1;
	int status;

	if (pid == 0)
		try(who, group, groups, file);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) == 0)
		return NULL;
	return strerror(WEXITSTATUS(status));
}
