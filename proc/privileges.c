/* The order in which privileges are dropped; see privileges.h. */
#include "proc/privileges.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int
refused(const char *what, int error)
{
	log_err("privileges cannot be dropped: %s: %s; allow it, or keep them: "
	        "rights = \"off\"",
	        what, strerror(error));
	return PRIVILEGES_REFUSED;
}

static int
unusable(const char *folder, int error)
{
	log_err(
	    "the folder %s cannot be used: %s; keep what is in it, and make it a folder "
	    "of the user with the number %u with mode 0700 (chown, chmod)",
	    folder,
	    error == EPERM ? "it has another owner, or other users may write there"
			   : strerror(error),
	    (unsigned)geteuid());
	return -error;
}

static int
take_folders(const struct privileges *keep)
{
	for (unsigned i = 0; i < PRIVILEGES_PATHS_MAX && keep->own[i]; i++) {
		int e = file_make_dir(keep->own[i]);

		if (e < 0)
			return unusable(keep->own[i], -e);
	}
	return chdir(keep->own[0]) < 0 ? unusable(keep->own[0], errno) : 0;
}

int
privileges_drop(const struct privileges *keep)
{
	int abi, e = take_folders(keep);

	if (e < 0)
		return e;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return refused("no new privileges", errno);
	abi = privileges_files(keep);
	if (abi < 0)
		return refused("Landlock", -abi);
	e = privileges_calls(keep);
	if (e < 0)
		return refused("seccomp", -e);
	if (abi == 0)
		log_info("privileges dropped: system calls; not files: this kernel has "
		         "no Landlock");
	else
		log_info("privileges dropped: system calls, files (Landlock ABI %d)",
		         abi);
	return 0;
}

int
privileges_drop_parent(void)
{
	int e;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return refused("no new privileges", errno);
	e = privileges_calls_parent();
	return e < 0 ? refused("seccomp", -e) : 0;
}
