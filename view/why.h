/* Why has this server no leader? A pure function from what its processes answered to one
 * sentence and its causes. */
#ifndef VIEW_WHY_H
#define VIEW_WHY_H

#include "config/conf.h"
#include "view/asks.h"

/* Looking for less than this is an election that is under way, and needs no cause. */
#define WHY_MOMENT_MS 1000

/* In the order of their weight: the first that applies is what a person should mend
 * first, and makes the sentence. A cause about another server names it in `id`. */
enum why_cause {
	/* connmgr, the elector or the peer gives no answer */
	WHY_NO_WORKER,
	/* the peer's record of epochs cannot be read, or cannot be written */
	WHY_RECORD,
	WHY_DISK,
	/* no larger epoch is left */
	WHY_EPOCHS_USED_UP,
	/* our own quorum port is not open */
	WHY_PORT,
	/* our record promises an epoch far beyond that of the others */
	WHY_EPOCH_AHEAD,
	/* another server speaks an older protocol at its quorum port */
	WHY_OLDER_PROTOCOL,
	/* what the memberships wait for: servers to found a group with; an equal file; a
	 * group to join; quorums of two memberships; a disk that is lost. Or this server
	 * is no member any more. */
	WHY_FOUNDING_WAITS,
	WHY_FOUNDING_DIFFERS,
	WHY_NO_GROUP,
	WHY_LEFT_JOINT,
	WHY_NEW_DISK_WAITS,
	WHY_REMOVED,
	/* the voters that are reachable are no quorum */
	WHY_FEW_VOTERS,
	/* a voter's election link is not up: `reason` as in connmgr's links, `since_ms`
	 */
	WHY_NOT_LINKED,
	/* its link is up, and it says nothing since `since_ms` */
	WHY_SILENT,
	/* its configuration has other members than ours */
	WHY_OTHER_MEMBERS,
	/* a lease of before has not ended, and a leader must wait for that; `id`: whose,
	 * if this server has promised it */
	WHY_LEASE,
	/* this server led before its peer was restarted, and takes its term up again */
	WHY_RESUMES,
	/* the quorum port of the server that was elected was dialled in vain: `reason` */
	WHY_QUORUM_PORT,
	/* the elected server: turned us away; did not lead in time; had seen less than
	 * we; looks itself */
	WHY_TURNED_AWAY,
	WHY_LATE,
	WHY_STALE,
	WHY_DOUBT,
	/* we were elected: no quorum came; another server had seen more */
	WHY_NOBODY_CAME,
	WHY_OTHER_FRESHER,
	/* the role that ended: we led and lost our quorum; our leader is gone */
	WHY_LOST_QUORUM,
	WHY_LOST_LEADER,
	/* we were elected and no quorum came, so that we let others lead for now */
	WHY_DEMOTED,
	/* a server is elected and is being established */
	WHY_ESTABLISHING,
	/* none of these: the election goes on */
	WHY_ELECTING,
	WHY_CAUSES,
};

const char *why_name(enum why_cause cause); /* "few_voters", …; "?" */

/* NULL where a leader is established. Else {"since_ms", "text", "causes": [{"cause", "id"
 * (or null), "reason" (or ""), "since_ms" (or null), "text"}]}: at least one cause, in
 * the order above, and the text of the first. The caller frees it. */
json_t *why_looking(const struct conf *conf, const struct asks *asks);

#endif
