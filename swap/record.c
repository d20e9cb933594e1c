/* The text of a record; see record.h. */
#include "swap/record.h"

#include "base/paths.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "conclave record 2"
#define OLD  "conclave record 1" /* had paths behind the names, which nobody obeys now */

bool
record_path_ok(const char *path)
{
	size_t len = strlen(path);

	if (path[0] != '/' || len >= RECORD_PATH_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)path[i] < 0x20 || path[i] == 0x7f)
			return false;
	return true;
}

static bool
parse_generation(const char *text, uint64_t *out)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*out = strtoumax(text, &end, 10);
	return errno == 0 && *end == '\0' && *out <= RECORD_GENERATION_MAX;
}

static bool
parse_name(const char *text, char out[PATHS_NAME_MAX])
{
	if (!paths_name_ok(text))
		return false;
	strcpy(out, text);
	return true;
}

/* What follows `key` and a blank; NULL: another line. */
static char *
value_of(char *line, const char *key)
{
	size_t len = strlen(key);

	return strncmp(line, key, len) == 0 && line[len] == ' ' ? line + len + 1 : NULL;
}

static bool
parse_line(char *line, bool old, struct record *r)
{
	char *value;

	if ((value = value_of(line, "generation")))
		return parse_generation(value, &r->generation);
	if ((value = value_of(line, "name")))
		return parse_name(value, r->now.name);
	if ((value = value_of(line, "before")))
		return parse_name(old ? strsep(&value, " ") : value, r->before.name);
	if ((value = value_of(line, "accepted")))
		r->accepted = strcmp(value, "no") != 0;
	return true;
}

bool
record_parse(char *text, struct record *out)
{
	struct record found = {.accepted = true};
	char *line = strsep(&text, "\n");
	bool old = line && strcmp(line, OLD) == 0;

	if (!line || (!old && strcmp(line, HEAD) != 0))
		return false;
	while ((line = strsep(&text, "\n")) && strcmp(line, "end") != 0)
		if (!parse_line(line, old, &found))
			return false;
	if (!line || found.generation == 0 || found.now.name[0] == '\0')
		return false;
	*out = found;
	return true;
}

size_t
record_print(const struct record *r, char *out, size_t cap)
{
	bool before = r->before.name[0] != '\0';
	int len =
	    snprintf(out, cap, HEAD "\ngeneration %" PRIu64 "\nname %s\n%s%s%s%send\n",
	             r->generation, r->now.name, before ? "before " : "", r->before.name,
	             before ? "\n" : "", r->accepted ? "" : "accepted no\n");

	return len < 0 || (size_t)len >= cap ? 0 : (size_t)len;
}

void
record_promote(struct record *r, const char *name, enum record_turn turn)
{
	r->before = turn == RECORD_BACK ? (struct record_program){.name = ""} : r->now;
	r->now = (struct record_program){.name = ""};
	snprintf(r->now.name, sizeof(r->now.name), "%s", name);
	r->accepted = turn != RECORD_FORWARD;
}
