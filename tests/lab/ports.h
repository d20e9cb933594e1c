/* Free loopback ports for ensembles that are tested side by side. A block of ports, below
 * the range that the kernel takes from, belongs to whoever holds the lock on the block's
 * file; tests/system/lab.bash does the same. */
#ifndef TESTS_LAB_PORTS_H
#define TESTS_LAB_PORTS_H

#include <stdint.h>

#define PORTS_BLOCK 64 /* ports in a block */

/* The first port of a block of which nobody listens on any, in `first`. Returns the
 * descriptor that holds the block until it is closed, or -errno. */
int ports_take(uint16_t *first);

#endif
