/* What the demo shows: on a terminal a table that is redrawn in place, else a line for
 * each change; and what to try next. */
#ifndef TESTS_DEMO_SHOW_H
#define TESTS_DEMO_SHOW_H

#include "tests/lab/lab.h"

#include <stdbool.h>

struct show {
	bool terminal;
	unsigned count;
	unsigned lines;                 /* drawn in place, above the cursor */
	bool hinted;                    /* once is enough where lines scroll */
	bool dead[LAB_SERVERS_MAX + 1]; /* its conclaved was ended, and not by us */
	char last[LAB_SERVERS_MAX + 1][160];
	uint64_t began_us;
};

void show_open(struct show *s, unsigned count);
void show_close(struct show *s); /* gives the terminal back as it was */
/* After each lab_next; `id` is whose news it is. */
void show_news(struct show *s, struct lab *l, enum lab_next news, unsigned id);

#endif
