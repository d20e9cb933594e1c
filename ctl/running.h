/* The configuration with which the processes run, for a command whose own file has become
 * wrong since they were started. */
#ifndef CTL_RUNNING_H
#define CTL_RUNNING_H

#include "config/conf.h"

#include <stdbool.h>

/* Finds run_dir in `file`, which need not be right but for that, and loads the copy that
 * conclaved gives its workers, if conclaved runs there. True: `out` is filled, `path` is
 * the copy's. */
bool running_load(const char *file, struct conf *out, char path[CONF_PATH_MAX]);

#endif
