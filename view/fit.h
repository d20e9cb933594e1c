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
	"RuntimeDirectory,StateDirectory,ReadWritePaths,ExecStart,Listen,Conflicts,"     \
	"Wants,AmbientCapabilities conclave.service conclave.target "                    \
	"conclave-connmgr.service conclave-connmgr.socket "                              \
	"conclave-elector@main.service conclave-peer.service 2>&1"

/* `shown`: that output. `file`: the configuration that the units should read, NULL where
 * that does not matter. `is_user` says whether this machine knows a user. The problems, a
 * sentence each; the caller frees them. */
json_t *fit_judge(const char *shown, const struct conf *c, const char *file,
                  bool (*is_user)(const char *name));

#endif
