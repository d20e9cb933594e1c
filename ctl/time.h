/* How long, as people write it on the command line. */
#ifndef CTL_TIME_H
#define CTL_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* 30, 30s, 500ms, 2min: milliseconds, a day at most. */
bool time_parse(const char *text, uint64_t *out);

#endif
