/* Finds in a text what libconfig's own scanner does not report: integer literals that
 * libconfig would read as another number, strings and comments that do not end, the
 * escape of a NUL, and include directives; it hands out all other tokens as well.
 * The scan passes strings and comments as libconfig does, and opens no
 * file. */
#ifndef CONFIG_CONF_SCAN_H
#define CONFIG_CONF_SCAN_H

#include <stdbool.h>
#include <stddef.h>

enum conf_finding_type {
	CONF_FOUND_END,
	/* `at`: the path between the quotes. The scan goes on behind the directive. */
	CONF_FOUND_INCLUDE,
	/* A name, which may be that of a setting, or true, or false. */
	CONF_FOUND_NAME,
	/* = or : */
	CONF_FOUND_ASSIGN,
	/* { and } */
	CONF_FOUND_OPEN,
	CONF_FOUND_CLOSE,
	/* Any other: a number, a string, a bracket, a semicolon. */
	CONF_FOUND_TOKEN,
	/* What follows are errors. */
	/* `at`: a literal that needs the suffix L, or that does not fit into 64 bits. */
	CONF_FOUND_WRAPS,
	CONF_FOUND_TOO_LARGE,
	CONF_FOUND_OPEN_STRING,
	CONF_FOUND_OPEN_COMMENT,
	/* \x00 in a string, which would end there. */
	CONF_FOUND_ZERO,
};

struct conf_finding {
	enum conf_finding_type type;
	/* The line on which the finding begins. */
	unsigned line;
	size_t at, len;
	/* CONF_FOUND_INCLUDE: where the directive begins. */
	size_t begin;
};

struct conf_scan {
	/* Borrowed. */
	const char *text;
	size_t len, pos;
	unsigned line;
	/* Only blanks stand before `pos` on its line. */
	bool line_start;
};

/* The text has no NUL in it. */
void conf_scan_init(struct conf_scan *s, const char *text, size_t len);

/* Returns the next finding. After an error the scan must not be continued. */
struct conf_finding conf_scan_next(struct conf_scan *s);

#endif
