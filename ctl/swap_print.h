/* What a swap came to, as conclaved's door answers it (docs/DOORS.md). */
#ifndef CTL_SWAP_PRINT_H
#define CTL_SWAP_PRINT_H

#include "ctl/verb.h"

#include <stdio.h>

/* The key `difference` of `answer` in words; nothing, if there is none. */
void swap_print_difference(FILE *to, const json_t *answer);
/* Returns the exit status; `answer` is freed. */
int swap_print_result(const struct ctl *c, json_t *answer);

#endif
