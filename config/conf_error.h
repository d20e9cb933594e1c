/* How the parts of config/ say what is wrong, and where. */
#ifndef CONFIG_CONF_ERROR_H
#define CONFIG_CONF_ERROR_H

#include "config/conf.h"

/* A line of a file; line 0 is the file as a whole, or for a key: it was not given. */
struct conf_place {
	const char *file; /* borrowed */
	unsigned line;
};

/* Fills `error` with `FILE:LINE: …`; control characters, which may come from the file,
 * are shown as `?`, and of a very long path only the end is shown. Returns 1, for
 * conf_load's callers to pass on. */
int conf_fail(struct conf_error *error, struct conf_place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
