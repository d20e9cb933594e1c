/* Who is a member where: the servers of the stored memberships and of the configuration
 * file beside each other. Pure: the peer's answer in, rows out. */
#ifndef VIEW_MEMBERS_LIST_H
#define VIEW_MEMBERS_LIST_H

#include "config/conf.h"

#include <jansson.h>
#include <stdbool.h>

/* A row for each server of any of the lists, by ascending id: {"id", "in_force", "next",
 * "file", "note"}. The three in the middle say what the server is there, in words
 * ("participant", "observer", "participant, weight 3, group 1"), or null: in the
 * membership in force, in the one that a change goes to, and in the file. `note` says
 * what is wrong with the server, or "". `members`: as the peer says them, NULL: it says
 * nothing. The caller frees the array. */
json_t *members_list(const struct conf *conf, const json_t *members);

/* "1 2 3": the ids of the servers of a membership of the peer's answer; "" for null.
 * Returns `out`. */
const char *members_list_ids(const json_t *membership, char *out, size_t cap);

#endif
