/* The file of a record; see record_file.h. */
#include "swap/record_file.h"

#include "base/file.h"
#include "config/conf.h"

#include <stdio.h>

int
record_load(const char *data_dir, struct record *out)
{
	char path[CONF_PATH_MAX + 32], text[RECORD_TEXT_MAX];
	size_t len;
	int r;

	snprintf(path, sizeof(path), "%s/connmgr/elector", data_dir);
	r = file_read(path, text, sizeof(text), &len);
	if (r < 0)
		return r;
	return record_parse(text, out) ? 0 : RECORD_DAMAGED;
}
