/* What the peer must not forget while this boot lasts (docs/LEASE.md, R6): its promise,
 * what it leads, and the largest end that it published. It is in a mapped file, whose
 * pages outlive the process: no call can fail once the file is mapped, and none waits for
 * a disk. The file has two slots; the newest whole one counts, so a process that is
 * killed at any store leaves the value before or the value after. */
#ifndef PEER_MEMORY_H
#define PEER_MEMORY_H

#include "base/boot.h"
#include "peer/role.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEER_MEMORY_LEN   4096
#define PEER_MEMORY_SLOTS 2

/* The bytes of the file, without the file. `bytes` has PEER_MEMORY_LEN, at an address
 * that is a multiple of 8. False: there is no whole slot of this boot and this time
 * namespace. */
bool peer_memory_find(const void *bytes, const struct boot *boot,
                      struct role_memory *out);
/* Writes the slot that does not have the newest value. */
void peer_memory_put(void *bytes, const struct boot *boot,
                     const struct role_memory *memory);

struct peer_memory {
	/* NULL: not open */
	void *bytes;
	struct boot boot;
};

/* Maps the file `path`, which is made if it is missing, or no file of ours. Only the
 * active peer may have it open, under the lock of its folder in data_dir. 0 or -errno,
 * and nothing is left to close: without a memory nothing may be promised. */
int peer_memory_open(struct peer_memory *m, const char *path, const struct boot *boot);
/* It would be found by the next process when this returns. */
void peer_memory_store(struct peer_memory *m, const struct role_memory *memory);
/* May be called twice. */
void peer_memory_close(struct peer_memory *m);

/* R6: what a peer that starts is bound to: `memory` and `unknown_ms` of ROLE_EV_START.
 * `found`: what peer_memory_find gave, NULL: nothing; `bound`: R6 (b). */
struct peer_memory_binds {
	struct role_memory memory;
	/* 0: what was promised is known, or nothing was. */
	uint64_t unknown_ms;
};
void peer_memory_bind(const struct role_memory *found, const struct role_bound *bound,
                      const struct boot *boot, uint64_t now_ms,
                      struct peer_memory_binds *out);

#endif
