/* See table.h. */
#include "ctl/table.h"

#include "base/plain.h"
#include "view/member.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#define GAP 2

struct table {
	const struct column *of;
	unsigned columns;
	/* strings, row by row */
	json_t *cells;
};

void
table_cell(struct table *t, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return;
	plain_make(copy);
	json_array_append_new(t->cells, member_of_bytes(copy));
	free(copy);
}

struct table *
table_new(const struct column *columns, unsigned count)
{
	struct table *t = calloc(1, sizeof(*t));

	assert(count > 0 && count <= TABLE_COLUMNS_MAX);
	if (!t)
		return NULL;
	t->of = columns;
	t->columns = count;
	t->cells = json_array();
	for (unsigned i = 0; i < count; i++)
		table_cell(t, columns[i].head);
	return t;
}

void
table_free(struct table *t)
{
	if (t)
		json_decref(t->cells);
	free(t);
}

void
table_row(struct table *t, const json_t *row)
{
	for (unsigned i = 0; i < t->columns; i++) {
		const struct column *c = &t->of[i];
		const json_t *from = c->in ? json_object_get(row, c->in) : row;
		bool other = c->otherwise && !*member_string(from, c->key);
		char text[256];
		int64_t v = -1;

		if (c->kind == TABLE_TEXT)
			member_text(from, other ? c->otherwise : c->key, text,
			            sizeof(text));
		else if (!member_i64(from, c->key, &v) || v < 0)
			strcpy(text, "-");
		else if (c->kind == TABLE_DURATION)
			table_duration((uint64_t)v, text, sizeof(text));
		else
			table_size((uint64_t)v, text, sizeof(text));
		table_cell(t, text);
	}
}

const char *
table_colour(const char *word)
{
	static const struct {
		const char *word;
		const char *colour;
	} words[] = {
	    {"leading", "\033[1;32m"}, {"following", "\033[32m"},
	    {"observing", "\033[32m"}, {"up", "\033[32m"},
	    {"ready", "\033[32m"},     {"open", "\033[32m"},
	    {"looking", "\033[33m"},   {"connecting", "\033[33m"},
	    {"starting", "\033[33m"},  {"stopping", "\033[33m"},
	    {"waiting", "\033[33m"},   {"down", "\033[31m"},
	    {"failing", "\033[31m"},   {"stopped", "\033[31m"},
	    {"silent", "\033[31m"},    {"hung", "\033[31m"},
	    {"healthy", "\033[32m"},   {"degraded", "\033[33m"},
	};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].word, word) == 0)
			return words[i].colour;
	}
	return "";
}

void
table_word(FILE *out, const char *word, int width, bool colours)
{
	const char *colour = colours ? table_colour(word) : "";

	fprintf(out, "%s%s%s%*s", colour, word, *colour ? "\033[0m" : "",
	        width > (int)strlen(word) ? width - (int)strlen(word) : 0, "");
}

void
table_print(const struct table *t, FILE *out, bool colours)
{
	int widths[TABLE_COLUMNS_MAX] = {0};
	const json_t *cell;
	size_t i;

	json_array_foreach (t->cells, i, cell)
		widths[i % t->columns] =
		    MAX(widths[i % t->columns], (int)json_string_length(cell));
	json_array_foreach (t->cells, i, cell) {
		size_t column = i % t->columns;
		bool last = column + 1 == t->columns;

		table_word(out, json_string_value(cell), last ? 0 : widths[column] + GAP,
		           colours);
		if (last)
			fputc('\n', out);
	}
}

const char *
table_duration(uint64_t ms, char *out, size_t cap)
{
	uint64_t s = ms / 1000;

	if (s < 10)
		snprintf(out, cap, "%" PRIu64 ".%" PRIu64 "s", s, ms % 1000 / 100);
	else if (s < 60)
		snprintf(out, cap, "%" PRIu64 "s", s);
	else if (s < 3600)
		snprintf(out, cap, "%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(out, cap, "%" PRIu64 "h%02" PRIu64 "m", s / 3600, s / 60 % 60);
	else
		snprintf(out, cap, "%" PRIu64 "d%02" PRIu64 "h", s / 86400,
		         s / 3600 % 24);
	return out;
}

const char *
table_size(uint64_t kb, char *out, size_t cap)
{
	const uint64_t mega = 1024;
	const uint64_t giga = 1024 * 1024;

	if (kb < mega)
		snprintf(out, cap, "%" PRIu64 "K", kb);
	else if (kb < giga)
		snprintf(out, cap, "%" PRIu64 ".%" PRIu64 "M", kb / mega,
		         kb % mega * 10 / mega);
	else
		snprintf(out, cap, "%" PRIu64 ".%" PRIu64 "G", kb / giga,
		         kb % giga * 10 / giga);
	return out;
}

void
table_show(const json_t *rows, const struct column *columns, unsigned count, FILE *out,
           bool colours)
{
	struct table *t = table_new(columns, count);
	const json_t *row;
	size_t i;

	if (!t)
		return;
	json_array_foreach (rows, i, row)
		table_row(t, row);
	table_print(t, out, colours);
	table_free(t);
}
