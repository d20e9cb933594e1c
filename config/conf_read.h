/* A configuration file with its includes, as one text in memory, and for each line of it
 * where it comes from. libconfig is given this text: its own reader exits the process on
 * a folder, and knows no path relative to the including file. */
#ifndef CONFIG_CONF_READ_H
#define CONFIG_CONF_READ_H

#include "config/conf_error.h"

#include <stddef.h>

#define CONF_TEXT_MAX  (1 << 20) /* bytes of all files together */
#define CONF_FILES_MAX 64
#define CONF_DEPTH_MAX 10 /* of includes */

struct conf_text {
	char *text; /* NUL-terminated, no other NUL in it */
	size_t len, cap;
	struct conf_place *lines;
	unsigned line_count, line_cap;
	char *files[CONF_FILES_MAX];
	unsigned file_count;
};

/* Reads and scans. 0; 1: an error in the text; -errno: the file cannot be read. `error`
 * says what. To be freed in each case. */
int conf_text_read(struct conf_text *t, const char *path, struct conf_error *error);
void conf_text_free(struct conf_text *t);

/* Where line `line` (from 1) of the text comes from; the last one for those beyond. Its
 * file name lives as long as the text. */
struct conf_place conf_text_place(const struct conf_text *t, unsigned line);

/* A whole file into heap memory with a NUL behind it. 0, -errno (-EFBIG: more than `max`
 * bytes). */
int conf_slurp(const char *path, size_t max, char **out, size_t *len);

#endif
