/* See running.h. */
#include "ctl/running.h"

#include "base/file.h"
#include "base/paths.h"
#include "config/conf_scan.h"
#include "ctl/ask.h"

#include <stdio.h>
#include <string.h>

#define FILE_MAX 65536 /* a larger file is none of ours */

static bool
is_name(const struct conf_scan *s, const struct conf_finding *f, const char *name)
{
	return f->type == CONF_FOUND_NAME && f->len == strlen(name) &&
	       memcmp(s->text + f->at, name, f->len) == 0;
}

/* The value of the key run_dir outside of all groups, as far as the text can be scanned.
 */
static bool
find_run_dir(const char *text, size_t len, char out[CONF_RUN_DIR_MAX])
{
	struct conf_finding name = {.type = CONF_FOUND_END}, f;
	bool assigned = false;
	struct conf_scan s;
	int depth = 0;

	conf_scan_init(&s, text, len);
	while ((f = conf_scan_next(&s)).type > CONF_FOUND_END &&
	       f.type < CONF_FOUND_WRAPS) {
		depth += (f.type == CONF_FOUND_OPEN) - (f.type == CONF_FOUND_CLOSE);
		if (assigned && f.type == CONF_FOUND_TOKEN && depth == 0 &&
		    is_name(&s, &name, "run_dir"))
			break;
		assigned = f.type == CONF_FOUND_ASSIGN;
		if (f.type == CONF_FOUND_NAME)
			name = f;
	}
	/* a string, with its quotes */
	if (f.type != CONF_FOUND_TOKEN || f.len < 3 || text[f.at] != '"' ||
	    f.len - 2 >= CONF_RUN_DIR_MAX)
		return false;
	snprintf(out, CONF_RUN_DIR_MAX, "%.*s", (int)(f.len - 2), text + f.at + 1);
	return true;
}

static bool
runs(const char *run_dir)
{
	struct asks asks;
	bool gone;

	ask_one(run_dir, PATHS_CONCLAVED, "status", &asks);
	gone = ask_is_gone(&asks.list[0]);
	asks_deinit(&asks);
	return !gone;
}

bool
running_load(const char *file, struct conf *out, char path[CONF_PATH_MAX])
{
	static char text[FILE_MAX + 1];
	char run_dir[CONF_RUN_DIR_MAX];
	struct conf_error error;
	size_t len;

	return file_read(file, text, sizeof(text), &len) == 0 && strlen(text) == len &&
	       find_run_dir(text, len, run_dir) && runs(run_dir) &&
	       paths_below(path, CONF_PATH_MAX, run_dir, PATHS_CONCLAVED,
	                   "conclave.conf") >= 0 &&
	       conf_load(path, out, &error) == 0 && strcmp(out->run_dir, run_dir) == 0;
}
