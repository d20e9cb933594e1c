/* A number as text, in the peer's files and in the requests at its door. */
#ifndef PEER_NUMBER_H
#define PEER_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True if `text` is one decimal number from 0 to `max`, with or without a line break. */
bool number_parse(const char *text, size_t len, int64_t max, int64_t *out);

#endif
