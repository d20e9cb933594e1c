/* Cells of tables from members of JSON rows. */
#ifndef CTL_CELLS_H
#define CTL_CELLS_H

#include "ctl/table.h"

#include <cjson/cJSON.h>

void cells_text(struct table *t, const cJSON *row, const char *key);     /* "-": null */
void cells_duration(struct table *t, const cJSON *row, const char *key); /* of ms */
void cells_size(struct table *t, const cJSON *row, const char *key);     /* of kB */

#endif
