/* See conf_names.h. */
#include "config/conf_names.h"

#include "config/conf_key.h"
#include "config/conf_scan.h"
#include "config/conf_wrong.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_HERE 128 /* a longer one is cut; no key is as long */
#define DEPTH_MAX     2   /* keys of the file, and keys of a group */

struct names {
	const struct conf_text *text;
	struct conf_error *error;
	/* How many { are open, and by depth the key whose value is being read; NULL:
	 * none. */
	unsigned depth;
	const struct conf_key *last[DEPTH_MAX];
	/* The last finding was an assignment: its value comes. */
	bool assigned;
	/* The name that came last, unless something else came behind it. */
	char name[NAME_MAX_HERE];
	unsigned name_line;
};

static int
take_setting(struct names *n)
{
	const char *group = n->depth > 0 ? n->last[n->depth - 1]->path : "";
	const struct conf_key *k = conf_key_find(group, n->name);

	if (!k)
		return conf_wrong_key(n->error, conf_text_place(n->text, n->name_line),
		                      group, n->name);
	n->last[n->depth] = k;
	return 0;
}

/* A { opens; `assigned`: behind an assignment. -1: the search ends. */
static int
take_open(struct names *n, bool assigned, unsigned line)
{
	const struct conf_key *k = n->last[n->depth];

	if (!k)
		return -1;
	if (k->kind != CONF_GROUP && (k->kind != CONF_LIST || assigned))
		return conf_wrong_type(n->error, conf_text_place(n->text, line), k,
		                       "a group");
	if (n->depth + 1 == DEPTH_MAX)
		return -1;
	n->last[++n->depth] = NULL;
	return 0;
}

static bool
is_truth(const char *name)
{
	return strcasecmp(name, "true") == 0 || strcasecmp(name, "false") == 0;
}

/* A number, a string, or a sign of libconfig's. */
static bool
is_known(const char *token, size_t len)
{
	return isdigit((unsigned char)token[0]) || len > 1 || strchr("()[],;", token[0]);
}

/* 0: go on. 1: an error. -1: the search ends. */
static int
take(struct names *n, const struct conf_finding *f)
{
	bool assigned = n->assigned, named = n->name[0] != '\0';

	n->assigned = f->type == CONF_FOUND_ASSIGN;
	if (f->type == CONF_FOUND_NAME) {
		snprintf(n->name, sizeof(n->name), "%.*s",
		         f->len < NAME_MAX_HERE ? (int)f->len : NAME_MAX_HERE - 1,
		         n->text->text + f->at);
		n->name_line = f->line;
		return assigned && !is_truth(n->name) ? -1 : 0;
	}
	if (f->type == CONF_FOUND_ASSIGN)
		return named ? take_setting(n) : -1;
	n->name[0] = '\0';
	if (f->type == CONF_FOUND_TOKEN && !is_known(n->text->text + f->at, f->len))
		return -1;
	if (f->type == CONF_FOUND_OPEN)
		return take_open(n, assigned, f->line);
	if (n->text->text[f->at] == ';')
		n->last[n->depth] = NULL;
	if (f->type == CONF_FOUND_CLOSE)
		return n->depth-- > 0 ? 0 : -1;
	return 0;
}

int
conf_names_check(const struct conf_text *t, struct conf_error *error)
{
	struct names n = {.text = t, .error = error};
	struct conf_scan scan;
	int r;

	conf_scan_init(&scan, t->text, t->len);
	do {
		struct conf_finding f = conf_scan_next(&scan);

		r = f.type == CONF_FOUND_END ? -1 : take(&n, &f);
	} while (r == 0);
	return r > 0;
}
