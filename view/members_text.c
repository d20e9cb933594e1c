/* See members_text.h. */
#include "view/members_text.h"

#include "view/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* "4, 5" */
static void
put_missing(struct text *t, const struct members_said *s)
{
	for (unsigned i = 0; i < s->missing_count; i++)
		text_put(t, "%s%" PRId64, i > 0 ? ", " : "", s->missing[i]);
}

/* "server 4", "servers 4, 5" */
static void
put_servers(struct text *t, const struct members_said *s)
{
	text_put(t, "server%s ", s->missing_count == 1 ? "" : "s");
	put_missing(t, s);
}

/* What is changed. A server whose disk is another is exchanged in one version; where
 * nothing was in force here, a group is founded, or joined. */
static void
put_change(struct text *t, const struct members_said *s)
{
	if (s->from == 0)
		text_put(t, "members %" PRId64, s->to);
	else if (s->from == s->to)
		text_put(t, "members %" PRId64 " with a new disk", s->to);
	else
		text_put(t, "members %" PRId64 " → %" PRId64, s->from, s->to);
}

/* "2 s", "0.3 s" */
static void
put_seconds(struct text *t, uint64_t ms)
{
	uint64_t tenths = (ms + 50) / 100;

	text_put(t, "%" PRIu64, tenths / 10);
	if (tenths % 10 > 0)
		text_put(t, ".%" PRIu64, tenths % 10);
	text_put(t, " s");
}

/* ---- a function for each state that says something ---- */

static void
founding_waits(struct text *t, const struct members_said *s)
{
	text_put(t, "founding: ");
	if (s->missing_count > 0) {
		text_put(t, "waits for ");
		put_servers(t, s);
	} else {
		text_put(t, "under way");
	}
	text_put(t, "; a group is founded by all its servers, once");
}

static void
founding_differs(struct text *t, const struct members_said *s)
{
	text_put(t,
	         "server %" PRId64 " has another file of version %" PRId64
	         "; make them equal",
	         s->other, s->wished);
}

static void
no_group(struct text *t, const struct members_said *s)
{
	text_put(
	    t, "this file has version %" PRId64 ", which joins a group and founds none; ",
	    s->wished);
	if (s->has_other)
		text_put(
		    t,
		    "server %" PRId64
		    " leads one, and its file does not list this server: reload there",
		    s->other);
	else
		text_put(t, "no server of a group answers");
}

static void
waits_join(struct text *t, const struct members_said *s)
{
	text_put(t, "members %" PRId64 " wait for ", s->to);
	if (s->missing_count == 0 && s->has_other) {
		text_put(t,
		         "the leader, server %" PRId64
		         ": it says for whom, or has not read this file",
		         s->other);
	} else if (s->missing_count == 0) {
		text_put(t, "the leader, which says for whom");
	} else {
		put_servers(t, s);
		text_put(t, ", which %s not joined",
		         s->missing_count == 1 ? "has" : "have");
	}
	if (s->version > 0)
		text_put(t, "; still members %" PRId64, s->version);
}

static void
under_way(struct text *t, const struct members_said *s)
{
	put_change(t, s);
	text_put(t, ": under way");
	if (s->missing_count == 0)
		return;
	text_put(t, ", a quorum of %" PRId64 " is missing: ", s->to);
	put_missing(t, s);
}

static void
given_up(struct text *t, const struct members_said *s)
{
	put_change(t, s);
	text_put(t, ": given up after ");
	put_seconds(t, s->patience_ms);
	if (s->missing_count > 0) {
		text_put(t, ": ");
		put_missing(t, s);
		text_put(t, " did not answer");
	}
	text_put(t, "; still members %" PRId64, s->from);
}

static void
left_joint(struct text *t, const struct members_said *s)
{
	put_change(t, s);
	text_put(t, " were under way when a leader ended: quorums of both are needed");
	if (s->missing_count == 0)
		return;
	text_put(t, "; missing ");
	put_missing(t, s);
	text_put(t, ". Start them; if they are lost for ever: conclave refound");
}

static void
file_older(struct text *t, const struct members_said *s)
{
	text_put(t,
	         "file has version %" PRId64 ", the group %" PRId64
	         ": write version %" PRId64 " to change back",
	         s->wished, s->version, s->version + 1);
}

static void
two_files(struct text *t, const struct members_said *s)
{
	text_put(t, "two files of version %" PRId64 " differ: here and server %" PRId64,
	         s->wished, s->other);
}

static void
new_disk(struct text *t, const struct members_said *s)
{
	text_put(t, "server %" PRId64 " has a new disk: being taken in again", s->other);
}

static void
new_disk_waits(struct text *t, const struct members_said *s)
{
	text_put(t, "server %" PRId64 " has a new disk and waits: no quorum without it",
	         s->other);
	if (s->missing_count == 0) {
		text_put(t, "; if the old disks are lost for ever: conclave refound");
		return;
	}
	text_put(t, "; missing ");
	put_missing(t, s);
	text_put(t, ". Start them; if they are lost for ever: conclave refound");
}

static void
removed(struct text *t, const struct members_said *s)
{
	text_put(t, "removed at members %" PRId64 "; may be stopped", s->version);
}

static void
disk_changes(struct text *t, const struct members_said *s)
{
	text_put(t,
	         "server %" PRId64
	         " has changed its disk %u times in 10 min: is its id used twice?",
	         s->other, s->times);
}

static const struct {
	const char *word;
	enum members_level level;
	/* NULL: nothing */
	void (*put)(struct text *t, const struct members_said *s);
} states[MEMBERS_STATES] = {
    [MEMBERS_IN_FORCE] = {"in-force", MEMBERS_WELL, NULL},
    [MEMBERS_FOUNDING_WAITS] = {"founding-waits", MEMBERS_NOTED, founding_waits},
    [MEMBERS_FOUNDING_DIFFERS] = {"founding-differs", MEMBERS_STUCK, founding_differs},
    [MEMBERS_NO_GROUP] = {"no-group", MEMBERS_STUCK, no_group},
    [MEMBERS_WAITS_JOIN] = {"waits-join", MEMBERS_WARNED, waits_join},
    [MEMBERS_UNDER_WAY] = {"under-way", MEMBERS_NOTED, under_way},
    [MEMBERS_GIVEN_UP] = {"given-up", MEMBERS_WARNED, given_up},
    [MEMBERS_LEFT_JOINT] = {"left-joint", MEMBERS_STUCK, left_joint},
    [MEMBERS_FILE_OLDER] = {"file-older", MEMBERS_WARNED, file_older},
    [MEMBERS_TWO_FILES] = {"two-files", MEMBERS_WARNED, two_files},
    [MEMBERS_NEW_DISK] = {"new-disk", MEMBERS_NOTED, new_disk},
    [MEMBERS_NEW_DISK_WAITS] = {"new-disk-waits", MEMBERS_STUCK, new_disk_waits},
    [MEMBERS_REMOVED] = {"removed", MEMBERS_NOTED, removed},
    [MEMBERS_DISK_CHANGES] = {"disk-changes", MEMBERS_WARNED, disk_changes},
};

const char *
members_text_word(enum members_state state)
{
	return (unsigned)state < MEMBERS_STATES ? states[state].word : "?";
}

enum members_state
members_text_state(const char *word)
{
	for (unsigned i = 0; i < MEMBERS_STATES; i++)
		if (strcmp(states[i].word, word) == 0)
			return (enum members_state)i;
	return MEMBERS_IN_FORCE;
}

const char *
members_text_put(const struct members_said *said, char *out, size_t cap)
{
	struct text t = {.out = out, .cap = cap};
	struct members_said s = *said;

	*out = '\0';
	s.from = s.from > 0 ? s.from : s.version;
	s.to = s.to > 0 ? s.to : s.wished;
	if ((unsigned)s.state < MEMBERS_STATES && states[s.state].put)
		states[s.state].put(&t, &s);
	return out;
}

enum members_level
members_text_level(enum members_state state)
{
	return (unsigned)state < MEMBERS_STATES ? states[state].level : MEMBERS_WELL;
}
