/* Tables for people: columns as wide as their widest cell; words of state in colour where
 * the output is a terminal. */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define TABLE_COLUMNS_MAX 16

enum table_kind { TABLE_TEXT, TABLE_DURATION, TABLE_SIZE };

/* A column: its head, and the member `key` of each row (or of the member `in` of the row)
 * that stands below it: as text, a duration of ms or a size of kB. Where that member is
 * missing or "", the member `otherwise` stands there. */
struct column {
	const char *head;
	const char *key;
	enum table_kind kind;
	const char *in;
	const char *otherwise;
};

/* Prints a table of the rows of an array of objects. */
void table_show(const json_t *rows, const struct column *columns, unsigned count,
                FILE *out, bool colours);

struct table;

/* The columns are borrowed for the table's life. NULL: no memory. */
struct table *table_new(const struct column *columns, unsigned count);
void table_free(struct table *t);

/* Appends the next cell, row by row from the left; control bytes become `?`. */
void table_cell(struct table *t, const char *text);
void table_row(struct table *t, const json_t *row);
void table_print(const struct table *t, FILE *out, bool colours);

/* The colour of a word of state ("up", "looking", "failing"): an escape sequence; "" for
 * words without. */
const char *table_colour(const char *word);
/* Prints it, in its colour where `colours`, and blanks up to the width. */
void table_word(FILE *out, const char *word, int width, bool colours);

/* Numbers as people read them, at least 16 bytes of room: 0.3s, 12s, 3m04s, 2h05m, 3d04h;
 * 900K, 2.9M, 1.5G. */
const char *table_duration(uint64_t ms, char *out, size_t cap);
const char *table_size(uint64_t kb, char *out, size_t cap);

#endif
