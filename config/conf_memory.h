/* The memory that connmgr may need, which is the worker with the most: everything that it
 * sets aside for others is bounded by keys of the configuration. supervisor.memory_mb
 * must grant it, or connmgr would be refused memory when all bounds are reached at once,
 * which a stranger can bring about. */
#ifndef CONFIG_CONF_MEMORY_H
#define CONFIG_CONF_MEMORY_H

#include "config/conf_draft.h"

#include <stdint.h>

/* What a process needs before it has a remote, in bytes: the stacks and arenas of nng's
 * threads on a machine with many processors, libraries, answers. */
#define CONF_MEMORY_BASE (UINT64_C(16) << 20)

/* The bytes that connmgr may allocate with `c`, without CONF_MEMORY_BASE. The unit test
 * test_conf_memory holds it against what connmgr does allocate. */
uint64_t conf_memory_need(const struct conf *c);

/* 0, or 1 with the error filled: supervisor.memory_mb is less than connmgr may need. */
int conf_memory_check(const struct conf_draft *d);

#endif
