/* Do the installed units of systemd fit the configuration? What `conclave check
 * --systemd` says (conclave-systemd(7) describes the units). */
#ifndef VIEW_FIT_H
#define VIEW_FIT_H

#include "config/conf.h"

#include <jansson.h>

#define FIT_SHOWN_MAX   65536
#define FIT_PROBLEM_MAX 512

/* The shell command whose output fit_judge reads. */
#define FIT_COMMAND                                                                      \
	"systemctl show --no-pager -p LoadState,UnitFileState,ActiveState,User,"         \
	"Group,SupplementaryGroups,PrivateUsers,RuntimeDirectory,StateDirectory,"        \
	"ReadWritePaths,"                                                                \
	"ExecStart,Listen,Conflicts,"                                                    \
	"Wants,AmbientCapabilities conclave.service conclave.target "                    \
	"conclave-connmgr.service conclave-connmgr.socket "                              \
	"conclave-elector@main.service conclave-peer.service 2>&1"

/* What this machine says of its users. */
struct fit_machine {
	bool (*is_user)(const char *name);
	/* Why the user cannot read the file (ctl/as_user.h); NULL: it can. */
	const char *(*cannot_read)(const char *user, const char *group,
	                           const char *groups, const char *file);
};

/* `shown`: that output. `file`: the configuration that the units should read, NULL where
 * that does not matter. The problems, a sentence each; the caller frees them. */
json_t *fit_judge(const char *shown, const struct conf *c, const char *file,
                  const struct fit_machine *machine);

#endif
