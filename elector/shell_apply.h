/* Carries out one action of the core: the sending half of the elector's shell. */
#ifndef ELECTOR_SHELL_APPLY_H
#define ELECTOR_SHELL_APPLY_H

#include "elector/shell.h"

void shell_apply(struct shell *s, const struct elect_action *a);

#endif
