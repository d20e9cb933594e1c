/* What libconfig's own scanner does not tell: integer literals that it would read as
 * another number, strings and comments that are not closed, includes. Strings and
 * comments are passed over as libconfig passes over them. Knows no file. */
#ifndef CONFIG_CONF_SCAN_H
#define CONFIG_CONF_SCAN_H

#include <stdbool.h>
#include <stddef.h>

enum conf_finding_type {
	CONF_FOUND_END,     /* nothing more */
	CONF_FOUND_INCLUDE, /* `at`: the path between the quotes; the scan is behind it */
	CONF_FOUND_WRAPS,   /* `at`: a literal that needs the suffix L */
	CONF_FOUND_TOO_LARGE,    /* `at`: a literal that 64 bits do not hold */
	CONF_FOUND_OPEN_STRING,  /* a string that does not end on its line */
	CONF_FOUND_OPEN_COMMENT, /* a comment that does not end */
};

struct conf_finding {
	enum conf_finding_type type;
	unsigned line; /* where it begins */
	size_t at, len;
	size_t begin; /* CONF_FOUND_INCLUDE: where the directive begins */
};

struct conf_scan {
	const char *text; /* borrowed */
	size_t len, pos;
	unsigned line;
	bool line_start; /* only blanks so far on this line */
};

/* The text has no NUL in it. */
void conf_scan_init(struct conf_scan *s, const char *text, size_t len);

/* The next finding. After an error (all but INCLUDE) the scan must not be continued. */
struct conf_finding conf_scan_next(struct conf_scan *s);

#endif
