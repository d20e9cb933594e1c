/* The text of `epochs`: what this server promised and followed, its claim, the number of
 * the `membership` beside it that this goes with (peer/membership.h), and the longest
 * lease that was ever promised (R6 b of docs/LEASE.md). Where no lease was, the text is
 * as it was before there were leases, so that a program of that time can read it. */
#ifndef PEER_EPOCH_TEXT_H
#define PEER_EPOCH_TEXT_H

#include "peer/role.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EPOCH_TEXT_MAX 256

/* Of `r` accepted, current, claim and bound. The length, without the NUL. */
size_t epoch_text_put(char text[EPOCH_TEXT_MAX], const struct role_record *r,
                      uint64_t membership);
/* Fills these four; `membership` is 0 where no membership is named, as in the record of
 * a release that had none. False: it is no such text, and nothing has changed. */
bool epoch_text_take(const char *text, size_t len, struct role_record *r,
                     uint64_t *membership);

/* Of a text that epoch_text_take does not take: the number of its version, where that is
 * one that is to come; else 0. */
unsigned epoch_text_newer(const char *text, size_t len);
#define EPOCH_TEXT_NEWEST 3

#endif
