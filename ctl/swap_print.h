/* Prints what conclaved's control socket says of a swap (docs/DOORS.md), for people or,
 * with --json, as it is. A function that takes JSON frees it, and
 * returns the exit status. */
#ifndef CTL_SWAP_PRINT_H
#define CTL_SWAP_PRINT_H

#include "ctl/verb.h"

#include <jansson.h>

#define SAID_MAX 256

/* A notification or a decision of an elector in words for a person. `hex`: hexadecimal,
 * perhaps cut, as connmgr's comparison of two electors reports it; "": the elector said
 * nothing. */
void swap_print_said(const char *hex, char out[SAID_MAX]);
/* The answer to a swap or an undo. */
int swap_print_result(const struct ctl *c, json_t *answer);
/* The member `swap` of the status. */
int swap_print_status(const struct ctl *c, json_t *swap);

#endif
