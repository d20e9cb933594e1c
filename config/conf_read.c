/* Files, includes and the map of lines; see conf_read.h. */
#include "config/conf_read.h"

#include "config/conf_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
conf_slurp(const char *path, size_t max, char **out, size_t *len)
{
	size_t cap = 4096, have = 0;
	char *text = malloc(cap), *more;
	int fd, r = 0;
	ssize_t n;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		r = -errno;
	else if (!text)
		r = -ENOMEM;
	while (r == 0) {
		n = read(fd, text + have, cap - have - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			r = n < 0 ? -errno : 0;
			break;
		}
		have += (size_t)n;
		if (have > max) {
			r = -EFBIG;
		} else if (have == cap - 1) {
			more = realloc(text, cap * 2);
			if (!more) {
				r = -ENOMEM;
				break;
			}
			text = more;
			cap *= 2;
		}
	}
	if (fd >= 0)
		close(fd);
	if (r < 0) {
		free(text);
		return r;
	}
	text[have] = '\0';
	*out = text;
	*len = have;
	return 0;
}

static int
note_line(struct conf_text *t, struct conf_place from)
{
	if (t->line_count == t->line_cap) {
		unsigned cap = t->line_cap ? t->line_cap * 2 : 256;
		struct conf_place *more = realloc(t->lines, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		t->lines = more;
		t->line_cap = cap;
	}
	t->lines[t->line_count++] = from;
	return 0;
}

/* Adds bytes that come from `from`, which advances with them. */
static int
append(struct conf_text *t, struct conf_place *from, const char *data, size_t len)
{
	int r = 0;

	if (t->len + len + 1 > t->cap) {
		size_t cap = (t->len + len + 1) * 2;
		char *more = realloc(t->text, cap);

		if (!more)
			return -ENOMEM;
		t->text = more;
		t->cap = cap;
	}
	memcpy(t->text + t->len, data, len);
	t->len += len;
	t->text[t->len] = '\0';
	for (size_t i = 0; i < len && r == 0; i++)
		if (data[i] == '\n') {
			from->line++;
			r = note_line(t, *from);
		}
	return r;
}

/* A file whose text is being added: the main one at the bottom, its includes above. */
struct level {
	char *text;
	struct conf_scan scan;
	struct conf_place at; /* of `done` */
	size_t done;          /* bytes added */
};

struct reader {
	struct conf_text *text;
	struct conf_error *error;
	unsigned depth; /* levels in use */
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

/* Opens `path` on top; it is kept, also on failure. */
static int
push(struct reader *r, char *take_path, struct conf_place by)
{
	struct conf_text *t = r->text;
	struct level *l = &r->levels[r->depth];
	const char *nul;
	size_t len, lines = 1;
	int status;

	t->files[t->file_count++] = take_path;
	status = conf_slurp(take_path, CONF_TEXT_MAX, &l->text, &len);
	if (status < 0)
		return fail_unreadable(r, by, take_path, status);
	r->depth++;
	l->at = (struct conf_place){take_path, 1};
	l->done = 0;
	nul = memchr(l->text, '\0', len);
	if (nul) {
		for (const char *at = l->text; at < nul; at++)
			lines += *at == '\n';
		return conf_fail(r->error,
		                 (struct conf_place){take_path, (unsigned)lines},
		                 "a byte 0; write text");
	}
	conf_scan_init(&l->scan, l->text, len);
	if (t->line_count == 0)
		return note_line(t, l->at);
	t->lines[t->line_count - 1] = l->at; /* of the directive, blanks so far */
	return 0;
}

/* Ends the included file on top and goes on behind the directive, on a line of its own.
 */
static int
pop(struct reader *r)
{
	struct level *l = &r->levels[--r->depth];
	struct conf_text *t = r->text;
	int status = 0;

	if (r->depth > 0) {
		status = append(t, &l->at, "\n", 1);
		if (status == 0)
			t->lines[t->line_count - 1] = r->levels[r->depth - 1].at;
	}
	free(l->text);
	return status;
}

/* The path in an include directive is one from the folder of the file that it is in. */
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

/* Up to the next directive, or to the end of the file on top. */
static int
step(struct reader *r)
{
	struct level *l = &r->levels[r->depth - 1];
	struct conf_finding f = conf_scan_next(&l->scan);
	size_t end = f.type == CONF_FOUND_INCLUDE ? f.begin : l->scan.len;
	int status;

	if (f.type != CONF_FOUND_INCLUDE && f.type != CONF_FOUND_END)
		return fail_finding(r, &f);
	if (r->text->len + (end - l->done) > CONF_TEXT_MAX)
		return conf_fail(r->error, l->at,
		                 "with its includes this is more than %d bytes; write a "
		                 "shorter configuration",
		                 CONF_TEXT_MAX);
	status = append(r->text, &l->at, l->text + l->done, end - l->done);
	l->done = l->scan.pos;
	if (status != 0)
		return status;
	return f.type == CONF_FOUND_INCLUDE ? include(r, &f) : pop(r);
}

int
conf_text_read(struct conf_text *t, const char *path, struct conf_error *error)
{
	struct reader r = {.text = t, .error = error};
	char *main_path = strdup(path);
	int status = -ENOMEM;

	*t = (struct conf_text){.text = NULL};
	if (main_path)
		status = push(&r, main_path, (struct conf_place){path, 0});
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
	free(t->lines);
	free(t->text);
}

struct conf_place
conf_text_place(const struct conf_text *t, unsigned line)
{
	if (line > t->line_count)
		line = t->line_count;
	return t->lines[line > 0 ? line - 1 : 0];
}
