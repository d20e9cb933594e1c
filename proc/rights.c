/* The order in which rights are dropped; see rights.h. */
#include "proc/rights.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int
refused(const char *what, int error)
{
	log_err("rights cannot be dropped: %s: %s; allow it, or go without: "
	        "rights = \"off\"",
	        what, strerror(error));
	return RIGHTS_REFUSED;
}

static int
unusable(const char *folder, int error)
{
	log_err("the folder %s cannot be used: %s", folder, strerror(error));
	return -error;
}

static int
take_folders(const struct rights *r)
{
	for (unsigned i = 0; i < RIGHTS_PATHS_MAX && r->own[i]; i++) {
		int e = file_make_dir(r->own[i]);

		if (e < 0)
			return unusable(r->own[i], -e);
	}
	return chdir(r->own[0]) < 0 ? unusable(r->own[0], errno) : 0;
}

int
rights_drop(const struct rights *r)
{
	int abi, e = take_folders(r);

	if (e < 0)
		return e;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return refused("no new privileges", errno);
	abi = rights_files(r);
	if (abi < 0)
		return refused("Landlock", -abi);
	e = rights_calls(r);
	if (e < 0)
		return refused("seccomp", -e);
	if (abi == 0)
		log_info("rights dropped: calls; not files, this kernel has no Landlock");
	else
		log_info("rights dropped: calls, files (Landlock ABI %d)", abi);
	return 0;
}

int
rights_drop_parent(void)
{
	int e;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return refused("no new privileges", errno);
	e = rights_calls_parent();
	return e < 0 ? refused("seccomp", -e) : 0;
}
