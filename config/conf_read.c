/* Reads a configuration with its includes; see conf_read.h. */
#include "config/conf_read.h"

#include "base/file.h"
#include "config/conf_scan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text from here on comes from `from`. */
static void
begin_piece(struct conf_text *t, struct conf_place from)
{
	t->pieces[t->piece_count++] = (struct conf_piece){t->line_count, from};
}

/* Adds bytes that come from `from`, which advances with them. */
static void
append(struct conf_text *t, struct conf_place *from, const char *data, size_t len)
{
	memcpy(t->text + t->len, data, len);
	t->len += len;
	t->text[t->len] = '\0';
	for (size_t i = 0; i < len; i++) {
		from->line += data[i] == '\n';
		t->line_count += data[i] == '\n';
	}
}

/* A file that is being added. */
struct level {
	char *text;
	struct conf_scan scan;
	/* How many bytes were added, and the place behind them. */
	size_t done;
	struct conf_place at;
};

/* The main file is the first level, and each file that is included is one more. */
struct reader {
	struct conf_text *text;
	struct conf_error *error;
	unsigned depth;
	struct level levels[CONF_DEPTH_MAX + 1];
};

static int
fail_finding(const struct reader *r, const struct conf_finding *f)
{
	const struct level *l = &r->levels[r->depth - 1];
	struct conf_place at = {l->at.file, f->line};
	const char *literal = l->text + f->at;
	int len = f->len < 64 ? (int)f->len : 64;

	if (f->type == CONF_FOUND_WRAPS)
		return conf_fail(
		    r->error, at,
		    "%.*s needs more than 32 bits and would be read as another "
		    "number; write a smaller one, or where it may be so large %.*sL",
		    len, literal, len, literal);
	if (f->type == CONF_FOUND_TOO_LARGE)
		return conf_fail(r->error, at,
		                 "%.*s does not fit into 64 bits; write a smaller number",
		                 len, literal);
	if (f->type == CONF_FOUND_OPEN_STRING)
		return conf_fail(r->error, at,
		                 "a string does not end on its line; write the closing "
		                 "quote, and a quote within a string as \\\"");
	return conf_fail(r->error, at,
	                 "a comment does not end; write */ where it shall end");
}

static int
fail_unreadable(const struct reader *r, struct conf_place by, const char *path,
                int status)
{
	if (status == -EFBIG)
		return conf_fail(
		    r->error, by,
		    "%s has more than %d bytes; write a shorter configuration", path,
		    CONF_TEXT_MAX);
	if (r->depth > 0)
		return conf_fail(
		    r->error, by,
		    "%s cannot be included: %s; write the path of a file that "
		    "can be read, from the folder of this one",
		    path, strerror(-status));
	conf_fail(r->error, by, "cannot be read: %s; name the right file, as in -c FILE",
	          strerror(-status));
	return status;
}

/* Starts to add the file `take_path`, which is named at `by`. */
static int
push(struct reader *r, char *take_path, struct conf_place by)
{
	struct conf_text *t = r->text;
	struct level *l = &r->levels[r->depth];
	struct conf_place zero = {take_path, 1};
	size_t len;
	int status;

	t->files[t->file_count++] = take_path;
	l->text = malloc(CONF_TEXT_MAX + 1);
	status =
	    l->text ? file_read(take_path, l->text, CONF_TEXT_MAX + 1, &len) : -ENOMEM;
	if (status < 0) {
		free(l->text);
		return fail_unreadable(r, by, take_path, status);
	}
	r->depth++;
	l->at = (struct conf_place){take_path, 1};
	l->done = 0;
	if (strlen(l->text) < len) {
		for (const char *at = l->text; *at; at++)
			zero.line += *at == '\n';
		return conf_fail(r->error, zero, "a byte 0; write text");
	}
	conf_scan_init(&l->scan, l->text, len);
	begin_piece(t, l->at);
	return 0;
}

/* Ends the last file. The text goes on, on a line of its own, behind the directive that
 * included the file. */
static void
pop(struct reader *r)
{
	struct level *l = &r->levels[--r->depth];

	if (r->depth > 0) {
		append(r->text, &l->at, "\n", 1);
		begin_piece(r->text, r->levels[r->depth - 1].at);
	}
	free(l->text);
}

/* A relative path in an include directive starts from the folder of the file with the
 * directive. */
static int
include(struct reader *r, const struct conf_finding *f)
{
	const struct level *l = &r->levels[r->depth - 1];
	const char *path = l->text + f->at, *slash = strrchr(l->at.file, '/');
	int folder = slash && path[0] != '/' ? (int)(slash - l->at.file) + 1 : 0;
	char *whole;

	if (r->depth > CONF_DEPTH_MAX)
		return conf_fail(
		    r->error, l->at,
		    "files are included more than %d deep; write no file that "
		    "includes itself",
		    CONF_DEPTH_MAX);
	if (r->text->file_count == CONF_FILES_MAX)
		return conf_fail(r->error, l->at,
		                 "more than %d files are included; write fewer",
		                 CONF_FILES_MAX - 1);
	if (asprintf(&whole, "%.*s%.*s", folder, l->at.file, (int)f->len, path) < 0)
		return -ENOMEM;
	return push(r, whole, l->at);
}

/* Adds the last file up to its next include directive, or to its end. */
static int
step(struct reader *r)
{
	struct level *l = &r->levels[r->depth - 1];
	struct conf_finding f = conf_scan_next(&l->scan);
	size_t end = f.type == CONF_FOUND_INCLUDE ? f.begin : l->scan.len;

	if (f.type != CONF_FOUND_INCLUDE && f.type != CONF_FOUND_END)
		return fail_finding(r, &f);
	if (r->text->len + (end - l->done) > CONF_TEXT_MAX)
		return conf_fail(r->error, l->at,
		                 "with its includes this is more than %d bytes; write a "
		                 "shorter configuration",
		                 CONF_TEXT_MAX);
	append(r->text, &l->at, l->text + l->done, end - l->done);
	l->done = l->scan.pos;
	if (f.type == CONF_FOUND_INCLUDE)
		return include(r, &f);
	pop(r);
	return 0;
}

int
conf_text_read(struct conf_text *t, const char *path, struct conf_error *error)
{
	struct reader r = {.text = t, .error = error};
	char *main_path = strdup(path);
	int status = -ENOMEM;

	*t = (struct conf_text){.line_count = 1};
	t->text = malloc(CONF_TEXT_MAX + 2); /* a NUL, and the newline of an include */
	if (main_path && t->text)
		status = push(&r, main_path, (struct conf_place){path, 0});
	else
		free(main_path);
	while (status == 0 && r.depth > 0)
		status = step(&r);
	while (r.depth > 0)
		free(r.levels[--r.depth].text);
	if (status == -ENOMEM)
		conf_fail(error, (struct conf_place){path, 0},
		          "cannot be read: %s; try again", strerror(ENOMEM));
	return status;
}

void
conf_text_free(struct conf_text *t)
{
	for (unsigned i = 0; i < t->file_count; i++)
		free(t->files[i]);
	free(t->text);
}

struct conf_place
conf_text_place(const struct conf_text *t, unsigned line)
{
	const struct conf_piece *p = &t->pieces[t->piece_count - 1];

	if (line < 1 || line > t->line_count)
		line = line < 1 ? 1 : t->line_count;
	while (p > t->pieces && p->line > line)
		p--;
	return (struct conf_place){p->from.file, p->from.line + (line - p->line)};
}
