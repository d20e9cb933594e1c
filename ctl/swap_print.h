/* Prints what conclaved's control socket says of a swap (docs/DOORS.md), for people or,
 * with --json, as it is. Each function frees its JSON and returns the exit status. */
#ifndef CTL_SWAP_PRINT_H
#define CTL_SWAP_PRINT_H

#include "ctl/verb.h"

#include <jansson.h>

/* The answer to a swap or an undo. */
int swap_print_result(const struct ctl *c, json_t *answer);
/* The member `swap` of the status. */
int swap_print_status(const struct ctl *c, json_t *swap);

#endif
