/* What is said of memberships (docs/MEMBERSHIP.md): one sentence for each state that a
 * server can be in with its group, and how bad that state is. The peer makes the
 * sentence, for its log and its answers; the command shows it wherever it says something
 * of memberships. */
#ifndef VIEW_MEMBERS_TEXT_H
#define VIEW_MEMBERS_TEXT_H

#include "wire/members.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest sentence names MEMBERS_MAX servers, of 19 digits each. */
#define MEMBERS_SENTENCE_MAX 1024

enum members_state {
	/* Nothing is to be done: the file is what is in force. */
	MEMBERS_IN_FORCE,
	/* N3: a group is founded by all its servers; `missing` are not there */
	MEMBERS_FOUNDING_WAITS,
	/* N3: server `other` has another file */
	MEMBERS_FOUNDING_DIFFERS,
	/* N3: the file founds no group, and nobody of a group answers, or its leader
	 * `other` has no file with this server */
	MEMBERS_NO_GROUP,
	/* N6: the change has not begun: `missing` have not joined, which the leader
	 * `other` alone knows */
	MEMBERS_WAITS_JOIN,
	/* N6: from -> to; `missing` keep it from a quorum */
	MEMBERS_UNDER_WAY,
	/* N7: the change was given up, since `missing` did not answer */
	MEMBERS_GIVEN_UP,
	/* N4: a change was under way when a leader ended; `missing` are needed */
	MEMBERS_LEFT_JOINT,
	/* N6: the file has a smaller version than the group */
	MEMBERS_FILE_OLDER,
	/* N12: server `other` has another file of the same version */
	MEMBERS_TWO_FILES,
	/* N10: server `other` has a new disk, and is being taken in again, or waits for
	 * `missing` */
	MEMBERS_NEW_DISK,
	MEMBERS_NEW_DISK_WAITS,
	/* N8: this server is no member any more */
	MEMBERS_REMOVED,
	/* N10: server `other` has had a new disk `times` times in 10 minutes */
	MEMBERS_DISK_CHANGES,
	MEMBERS_STATES,
};

struct members_said {
	enum members_state state;
	/* in force here, 0: none; and what the file says */
	int64_t version, wished;
	/* Of the change; both the same where only a disk is another. 0: from what is in
	 * force, to what the file says. */
	int64_t from, to;
	unsigned missing_count;
	int64_t missing[MEMBERS_MAX];
	bool has_other;
	int64_t other;
	unsigned times;
	/* after how long a change is given up */
	uint64_t patience_ms;
};

/* "in-force", "founding-waits", …; "?" */
const char *members_text_word(enum members_state state);
/* The state of that word; MEMBERS_IN_FORCE for one that this version does not know. */
enum members_state members_text_state(const char *word);

/* The sentence, "" where nothing is to be said. `out` has MEMBERS_SENTENCE_MAX bytes.
 * Returns it. */
const char *members_text_put(const struct members_said *said, char *out, size_t cap);

/* What a state means for the health of this server. */
enum members_level {
	/* nothing is to be said */
	MEMBERS_WELL,
	/* to be known, and no sickness: it goes on by itself, or waits for servers that
	 * are not started */
	MEMBERS_NOTED,
	/* A person must act; this server serves. */
	MEMBERS_WARNED,
	/* A person must act; where there is no leader, there will be none before. */
	MEMBERS_STUCK,
};

enum members_level members_text_level(enum members_state state);

#endif
