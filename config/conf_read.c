/* Reads a configuration with its includes; see conf_read.h. */
#include "config/conf_read.h"

#include "base/file.h"
#include "config/conf_scan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	struct conf_text *text;
	struct conf_error *error;
};

/* Adds bytes to the text and returns how many newlines are among them. */
static unsigned
append(struct conf_text *t, const char *data, size_t len)
{
	unsigned newlines = 0;

	memcpy(t->text + t->len, data, len);
	t->len += len;
	t->text[t->len] = '\0';
	for (size_t i = 0; i < len; i++)
		newlines += data[i] == '\n';
	t->line_count += newlines;
	return newlines;
}

static int
fail_finding(const struct reader *r, const char *file, const char *text,
             const struct conf_finding *f)
{
	struct conf_place at = {file, f->line};
	const char *literal = text + f->at;
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
	if (f->type == CONF_FOUND_ZERO)
		return conf_fail(r->error, at,
		                 "a string has a byte 0 in it, \\x00; write it without");
	if (f->type == CONF_FOUND_OPEN_STRING)
		return conf_fail(r->error, at,
		                 "a string does not end on its line; write the closing "
		                 "quote, and a quote within a string as \\\"");
	return conf_fail(r->error, at,
	                 "a comment does not end; write */ where it shall end");
}

static int
fail_unreadable(const struct reader *r, struct conf_place by, const char *path,
                unsigned depth, int status)
{
	if (status == -EFBIG)
		return conf_fail(
		    r->error, by,
		    "%s has more than %d bytes; write a shorter configuration", path,
		    CONF_TEXT_MAX);
	if (depth > 0)
		return conf_fail(
		    r->error, by,
		    "%s cannot be included: %s; write the path of a file that "
		    "can be read, from the folder of this one",
		    path, file_strerror(status));
	conf_fail(r->error, by, "cannot be read: %s; name the right file, as in -c FILE",
	          file_strerror(status));
	return status;
}

static int add_file(struct reader *r, const char *path, struct conf_place by,
                    unsigned depth);

/* Adds the file that the directive at `at` names. A relative path starts from the folder
 * of the file with the directive. */
static int
include(struct reader *r, struct conf_place at, const char *path, size_t len,
        unsigned depth)
{
	const char *slash = strrchr(at.file, '/');
	int folder = slash && path[0] != '/' ? (int)(slash - at.file) + 1 : 0;
	char *whole;

	if (depth == CONF_DEPTH_MAX)
		return conf_fail(
		    r->error, at,
		    "files are included more than %d deep; write no file that "
		    "includes itself",
		    CONF_DEPTH_MAX);
	if (r->text->file_count == CONF_FILES_MAX - 1)
		return conf_fail(r->error, at,
		                 "more than %d files are included; write fewer",
		                 CONF_FILES_MAX - 1);
	if (asprintf(&whole, "%.*s%.*s", folder, at.file, (int)len, path) < 0)
		return -ENOMEM;
	r->text->files[r->text->file_count++] = whole;
	return add_file(r, whole, at, depth + 1);
}

/* Adds the text of one file and what it includes. Behind an include the text goes on, on
 * a line of its own. */
static int
add_text(struct reader *r, const char *file, const char *text, size_t len, unsigned depth)
{
	struct conf_text *t = r->text;
	struct conf_place at = {file, 1};
	struct conf_scan scan;
	size_t done = 0;

	conf_scan_init(&scan, text, len);
	for (;;) {
		struct conf_finding f = conf_scan_next(&scan);
		size_t end = f.type == CONF_FOUND_INCLUDE ? f.begin : len;
		int status;

		if (f.type > CONF_FOUND_TOKEN)
			return fail_finding(r, file, text, &f);
		if (f.type != CONF_FOUND_INCLUDE && f.type != CONF_FOUND_END)
			continue; /* for conf_names */
		if (t->len + (end - done) > CONF_TEXT_MAX)
			return conf_fail(r->error, at,
			                 "with its includes this is more than %d bytes; "
			                 "write a shorter configuration",
			                 CONF_TEXT_MAX);
		t->pieces[t->piece_count++] = (struct conf_piece){t->line_count, at};
		at.line += append(t, text + done, end - done);
		if (f.type == CONF_FOUND_END)
			return 0;
		done = scan.pos;
		status = include(r, at, text + f.at, f.len, depth);
		if (status != 0)
			return status;
		append(t, "\n", 1);
	}
}

/* Adds the file `path`, which is named at `by`. */
static int
add_file(struct reader *r, const char *path, struct conf_place by, unsigned depth)
{
	char *text = malloc(CONF_TEXT_MAX + 1);
	struct conf_place zero = {path, 1};
	size_t len;
	int status = -ENOMEM;

	if (text)
		status = file_read(path, text, CONF_TEXT_MAX + 1, &len);
	if (status < 0) {
		status = fail_unreadable(r, by, path, depth, status);
	} else if (strlen(text) < len) {
		for (const char *at = text; *at; at++)
			zero.line += *at == '\n';
		status = conf_fail(r->error, zero, "a byte 0; write text");
	} else {
		status = add_text(r, path, text, len, depth);
	}
	free(text);
	return status;
}

int
conf_text_read(struct conf_text *t, const char *path, struct conf_error *error)
{
	struct reader r = {.text = t, .error = error};
	int status = -ENOMEM;

	*t = (struct conf_text){.line_count = 1};
	t->text = malloc(CONF_TEXT_MAX + 2); /* a NUL, and the newline of an include */
	if (t->text)
		status = add_file(&r, path, (struct conf_place){path, 0}, 0);
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
