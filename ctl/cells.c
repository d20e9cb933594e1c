/* Cells of tables from members of JSON rows. */
#include "ctl/cells.h"

#include "ctl/exact.h"

void
cells_text(struct table *t, const cJSON *row, const char *key)
{
	char text[256];

	table_cell(t, exact_text(row, key, text, sizeof(text)));
}

static void
measured(struct table *t, const cJSON *row, const char *key,
         const char *(*print)(uint64_t, char *, size_t))
{
	char text[32];
	int64_t v;

	if (exact_i64(cJSON_GetObjectItemCaseSensitive(row, key), &v) && v >= 0)
		table_cell(t, print((uint64_t)v, text, sizeof(text)));
	else
		table_cell(t, "-");
}

void
cells_duration(struct table *t, const cJSON *row, const char *key)
{
	measured(t, row, key, table_duration);
}

void
cells_size(struct table *t, const cJSON *row, const char *key)
{
	measured(t, row, key, table_size);
}
