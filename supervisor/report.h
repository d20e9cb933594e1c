/* conclaved's status as JSON (docs/DOORS.md), and in a sentence. */
#ifndef SUPERVISOR_REPORT_H
#define SUPERVISOR_REPORT_H

#include "supervisor/crew.h"
#include "supervisor/swapper.h"

#include <stddef.h>
#include <stdint.h>

struct report_self { /* conclaved's own row */
	uint64_t started_us;
	uint64_t ready_us; /* when all children were ready the first time; 0: not yet */
};

/* One JSON object. Its length, 0 if it does not fit. */
size_t report_print(const struct crew *crew, const struct swapper *swapper,
                    const struct report_self *self, char *out, size_t cap);

/* Which children are not ready, and why. */
void report_summary(const struct crew *crew, char *out, size_t cap);

#endif
