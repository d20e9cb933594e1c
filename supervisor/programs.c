/* conclaved's list of programs; see programs.h. */
#include "supervisor/programs.h"

#include "base/file.h"
#include "proc/errand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "conclave programs 1"

const char *
programs_find(const struct programs *p, const char *name)
{
	if (strcmp(name, PROGRAMS_MAIN) == 0)
		return "";
	for (unsigned i = 0; i < p->count; i++)
		if (strcmp(p->list[i].name, name) == 0)
			return p->list[i].path;
	return NULL;
}

static void
drop(struct programs *p, unsigned at)
{
	p->count--;
	for (unsigned i = at; i < p->count; i++)
		p->list[i] = p->list[i + 1];
}

void
programs_put(struct programs *p, const struct record_program *fresh, const char *now,
             const char *before)
{
	unsigned at = 0;

	for (unsigned i = 0; i < p->count; i++)
		if (strcmp(p->list[i].name, fresh->name) == 0)
			drop(p, i);
	while (at < p->count && (strcmp(p->list[at].name, now) == 0 ||
	                         strcmp(p->list[at].name, before) == 0))
		at++;
	if (p->count == PROGRAMS_MAX)
		drop(p, at);
	p->list[p->count++] = *fresh;
}

/* NAME PATH */
static bool
parse_line(char *line, struct record_program *out)
{
	const char *name = strsep(&line, " ");

	*out = (struct record_program){.name = ""};
	if (!line || !paths_name_ok(name) || !record_path_ok(line))
		return false;
	strcpy(out->name, name);
	strcpy(out->path, line);
	return true;
}

bool
programs_parse(char *text, struct programs *out)
{
	struct programs found = {0};
	char *line = strsep(&text, "\n");

	if (!line || strcmp(line, HEAD) != 0)
		return false;
	while ((line = strsep(&text, "\n")) && strcmp(line, "end") != 0)
		if (found.count == PROGRAMS_MAX ||
		    !parse_line(line, &found.list[found.count++]))
			return false;
	if (!line)
		return false;
	*out = found;
	return true;
}

size_t
programs_print(const struct programs *p, char *out, size_t cap)
{
	size_t len = 0;
	int n = snprintf(out, cap, HEAD "\n");

	for (unsigned i = 0; i <= p->count; i++) {
		if (n < 0 || (size_t)n >= cap - len)
			return 0;
		len += (size_t)n;
		if (i < p->count)
			n = snprintf(out + len, cap - len, "%s %s\n", p->list[i].name,
			             p->list[i].path);
	}
	n = snprintf(out + len, cap - len, "end\n");
	return n < 0 || (size_t)n >= cap - len ? 0 : len + (size_t)n;
}

int
programs_load(const char *data_dir, struct programs *out, char path[CONF_PATH_MAX])
{
	char text[PROGRAMS_TEXT_MAX];
	size_t len;
	int r = paths_below(path, CONF_PATH_MAX, data_dir, PATHS_CONCLAVED, NULL);

	out->count = 0;
	if (r == 0)
		r = file_check_dir(path);
	if (r < 0 && r != -ENOENT)
		return r;
	(void)paths_below(path, CONF_PATH_MAX, data_dir, PATHS_CONCLAVED, "programs");
	if (r == 0)
		r = file_read(path, text, sizeof(text), &len);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return strlen(text) == len && programs_parse(text, out) ? 0 : 1;
}

/* ---- writing ---- */

struct programs_writer {
	struct errand *errand;
	void (*on_written)(void *user, int error);
	void *user;
	char path[CONF_PATH_MAX];
	char text[PROGRAMS_TEXT_MAX];
	size_t len;
};

static int
work(void *user)
{
	const struct programs_writer *w = user;
	char folder[CONF_PATH_MAX];
	int r;

	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(w->path, '/') - w->path),
	         w->path);
	r = file_make_dir(folder);
	return r < 0 ? r : file_write(w->path, w->text, w->len, true);
}

static void
on_done(void *user, int result)
{
	struct programs_writer *w = user;

	if (w->on_written)
		w->on_written(w->user, result);
	else
		programs_writer_close(w);
}

int
programs_write(struct programs_writer **out, sd_event *loop, const char *path,
               const struct programs *p, void (*on_written)(void *user, int error),
               void *user)
{
	static const struct errand_ops ops = {work, on_done};
	struct programs_writer *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	w->on_written = on_written;
	w->user = user;
	snprintf(w->path, sizeof(w->path), "%s", path);
	w->len = programs_print(p, w->text, sizeof(w->text));
	r = w->len == 0 ? -EMSGSIZE : errand_open(&w->errand, loop, &ops, w);
	if (r < 0) {
		free(w);
		return r;
	}
	errand_start(w->errand);
	*out = w;
	return 0;
}

void
programs_writer_close(struct programs_writer *w)
{
	if (!w)
		return;
	w->on_written = NULL;
	if (errand_busy(w->errand))
		return; /* on_done comes back here, if the process lives so long */
	errand_close(w->errand);
	free(w);
}
