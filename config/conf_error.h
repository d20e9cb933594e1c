/* How all parts of config/ say what is wrong, and where. */
#ifndef CONFIG_CONF_ERROR_H
#define CONFIG_CONF_ERROR_H

#include "config/conf.h"

/* A line of a file. Line 0 stands for the file as a whole, or for a key that was not
 * given. */
struct conf_place {
	/* Borrowed. */
	const char *file;
	unsigned line;
};

/* Fills `error` with `FILE:LINE: …`. Control characters, which may come from the file,
 * are shown as `?`, and of a very long path the end only is shown. Returns 1, for the
 * caller to pass on. */
int conf_fail(struct conf_error *error, struct conf_place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
