/* What the processes of one server answered to the same question: the input of the views.
 * Whoever asked fills it in (ctl/ask). */
#ifndef VIEW_ASKS_H
#define VIEW_ASKS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define ASK_MAX        16 /* conclaved, connmgr, peer, and up to 13 electors */
#define ASK_FOLDER_MAX 48

struct ask {
	/* below run_dir: "peer", "elector-main" */
	char folder[ASK_FOLDER_MAX];
	/* 0, or -errno: -ENOENT and -ECONNREFUSED where no process is, -ETIMEDOUT where
	 * one is, but is silent */
	int result;
	/* whose door it is, as the kernel says; 0: nobody's */
	int64_t pid;
	/* an object, if result is 0 */
	json_t *answer;
};

struct asks {
	unsigned count;
	struct ask list[ASK_MAX];
};

/* Releases the answers. */
void asks_deinit(struct asks *a);

/* How many processes answered. */
unsigned asks_answered(const struct asks *a);
/* True: no process listens there. */
bool ask_is_gone(const struct ask *a);
/* True: a process is there, and gave no answer. */
bool ask_is_silent(const struct ask *a);
/* The row of that folder; NULL: it was not asked. */
const struct ask *asks_find(const struct asks *a, const char *folder);
/* The door of the process that a row of `processes` is about; NULL: none is known. */
const struct ask *asks_of_row(const struct asks *a, const json_t *row);
/* What the process of that folder answered; NULL: nothing. */
const json_t *asks_answer(const struct asks *a, const char *folder);
/* What the elector answered that says it is the active one; NULL: there is none. */
const json_t *asks_elector(const struct asks *a);

#endif
