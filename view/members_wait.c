/* See members_wait.h. */
#include "view/members_wait.h"

#include "view/member.h"

#include <inttypes.h>
#include <stdio.h>

enum members_wait
members_wait(const json_t *members, int64_t version, char *why, size_t cap)
{
	const char *text = member_string(members, "text");
	int64_t in_force, wished;

	if (!member_i64(members, "version", &in_force))
		in_force = 0;
	if (!member_i64(members, "wished", &wished))
		wished = version;
	if (in_force >= version)
		snprintf(why, cap, "members %" PRId64 " are in force", in_force);
	else if (*text)
		snprintf(why, cap, "%s", text);
	else if (wished < version)
		snprintf(why, cap,
		         "this server goes by a file of version %" PRId64
		         ": write version %" PRId64 ", then conclave reload",
		         wished, version);
	else
		snprintf(why, cap, "members %" PRId64 " are not in force yet", version);
	if (in_force < version)
		return MEMBERS_WAIT_MORE;
	return in_force == version ? MEMBERS_WAIT_REACHED : MEMBERS_WAIT_PASSED;
}
