/* What the files of view/why share: the causes are added one by one. why_voters.c knows
 * the voters, their links and the memberships; why.c all else. */
#ifndef VIEW_WHY_IMPL_H
#define VIEW_WHY_IMPL_H

#include "view/voters.h"
#include "view/why.h"

#define WHY_TEXT_MAX 2048

struct why {
	const struct conf *conf;
	const struct asks *asks;
	/* what the peer says of its looking; NULL: it does not answer */
	const json_t *looking;
	int64_t since_ms;
	/* who counts */
	struct voters voters;
	json_t *causes;
};

/* Adds a cause; `about` has the members that it gets besides: id, reason, since_ms. Frees
 * `about`. */
void why_add(struct why *w, enum why_cause cause, json_t *about, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* "4.1 s" */
const char *why_seconds(int64_t ms, char *out, size_t cap);
/* How many the smallest quorum is; of two memberships, that of the one in force. */
unsigned why_needed(const struct why *w);
/* Adds what the memberships wait for or else, where the reachable voters are no quorum,
 * which voters are missing. */
void why_add_voters(struct why *w);
/* Adds who lists other members than we do. */
void why_add_members(struct why *w);

#endif
