/* Reads a configuration file and the files that it includes into one text, and knows for
 * each line which file it comes from. libconfig is given this text, because its own
 * reader ends the process when it is given a folder, and does not take an include's path
 * from the folder of the file that includes. */
#ifndef CONFIG_CONF_READ_H
#define CONFIG_CONF_READ_H

#include "config/conf_error.h"

#include <stddef.h>

#define CONF_TEXT_MAX  (1 << 20) /* bytes of all files together */
#define CONF_FILES_MAX 64
#define CONF_DEPTH_MAX 10 /* of includes */

/* Line `line` of the text and those behind it come from `from` and the lines behind that.
 */
struct conf_piece {
	unsigned line;
	struct conf_place from;
};

struct conf_text {
	/* Ends in its only NUL. */
	char *text;
	size_t len;
	unsigned line_count;
	/* Each file begins a piece, and so does what stands behind each include. */
	struct conf_piece pieces[2 * CONF_FILES_MAX];
	unsigned piece_count;
	/* The paths of the included files. */
	char *files[CONF_FILES_MAX];
	unsigned file_count;
};

/* Reads and scans the file `path`, which is borrowed, and what it includes. 0; 1: an
 * error in the text; -errno: the file cannot be read. `error` says what. conf_text_free
 * must follow in each case. */
int conf_text_read(struct conf_text *t, const char *path, struct conf_error *error);
void conf_text_free(struct conf_text *t);

/* The place that line `line` (from 1) of the text comes from. The name of the file lives
 * as long as the text. */
struct conf_place conf_text_place(const struct conf_text *t, unsigned line);

#endif
