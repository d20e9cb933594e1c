/* See looking.h. */
#include "peer/looking.h"

#include <inttypes.h>
#include <stdio.h>

/* Behind "the quorum port of server N"; NULL: the connection stood. */
static const char *
port_failure(enum msg_reason reason)
{
	switch (reason) {
	case MSG_REASON_REFUSED:
		return "refused";
	case MSG_REASON_TIMEOUT:
		return "does not answer";
	case MSG_REASON_RESOLVE:
		return "cannot be dialled, its host name has no address";
	case MSG_REASON_UNREACHABLE:
		return "is unreachable";
	case MSG_REASON_LOCAL:
		return "cannot be dialled, an error of this host";
	case MSG_REASON_TLS:
		return "refused the TLS handshake";
	case MSG_REASON_IDENTITY:
		return "is answered by another server, as its TLS identity says";
	case MSG_REASON_NONE:
	case MSG_REASON_NEVER:
	case MSG_REASON_EOF:
	case MSG_REASON_RESET:
	case MSG_REASON_REPLACED:
	case MSG_REASON_PROTOCOL:
	case MSG_REASON_FULL:
	case MSG_REASON_ASKED:
	case MSG_REASON_ABSENT:
	case MSG_REASONS:
		break;
	}
	return NULL;
}

/* The election has named this server. */
static const char *
elected_us(const struct role_view *v)
{
	if (v->phase == ROLE_SYNCHRONIZATION)
		return "this server is elected; its quorum has not acknowledged the "
		       "epoch "
		       "yet";
	return "this server is elected; no quorum has promised it an epoch yet";
}

/* How our own leadership ended. */
static const char *
led_in_vain(enum msg_look_reason look)
{
	switch (look) {
	case MSG_LOOK_QUORUM:
		return "this server led, and lost its quorum";
	case MSG_LOOK_TIMEOUT:
		return "this server was elected, but its quorum did not answer in time";
	case MSG_LOOK_EPOCH:
		return "this server was elected, but another one has newer data";
	case MSG_LOOK_DISK:
		return "this server was elected, but its disk did not take the epoch";
	case MSG_LOOK_MEMBERS:
		return "this server led, and is no member any more";
	case MSG_LOOK_RELEASED:
		return "this server led, and has stepped down";
	case MSG_LOOK_START:
	case MSG_LOOK_LEADER:
	case MSG_LOOK_REFUSED:
	case MSG_LOOK_DOUBT:
	case MSG_LOOK_REASONS:
		break;
	}
	return "this server was elected, and may not lead";
}

/* How it ended with another server, behind "server N was elected, ". */
static const char *
followed_in_vain(const struct role_view *v)
{
	switch (v->look) {
	case MSG_LOOK_TIMEOUT:
		return "but did not lead in time";
	case MSG_LOOK_EPOCH:
		return "but this server has newer data";
	case MSG_LOOK_DOUBT:
		return "but looks for a leader itself";
	case MSG_LOOK_DISK:
		return "but the disk of this server did not take its epoch";
	case MSG_LOOK_MEMBERS:
		return "but this server gave up what it knew of its group";
	case MSG_LOOK_REFUSED:
		return v->link == MSG_REASON_NONE ? "but cannot lead this server"
		                                  : "but turned this server away";
	case MSG_LOOK_START:
	case MSG_LOOK_LEADER:
	case MSG_LOOK_QUORUM:
	case MSG_LOOK_RELEASED:
	case MSG_LOOK_REASONS:
		break;
	}
	return "and does not lead any more";
}

static void
put_deserted(const struct role_view *v, char *out, size_t cap)
{
	char times[32] = "";

	if (v->deserted > 1)
		snprintf(times, sizeof(times), " %u times", v->deserted);
	snprintf(out, cap, "this server was elected%s, but no quorum came to it%s", times,
	         v->demoted ? ", so it lets others lead for now" : "");
}

const char *
looking_text(const struct role_view *v, int64_t self, char *out, size_t cap)
{
	bool ours = v->has_tried && v->tried == self;
	const char *failure = v->look == MSG_LOOK_REFUSED ? port_failure(v->link) : NULL;

	if (v->phase != ROLE_ELECTION && ours)
		snprintf(out, cap, "%s", elected_us(v));
	else if (v->phase != ROLE_ELECTION)
		snprintf(out, cap,
		         "server %" PRId64 " is elected, and not yet established",
		         v->tried);
	else if (!v->has_tried)
		snprintf(out, cap, "no server has been elected since the start");
	else if (ours && v->deserted > 0 && v->look != MSG_LOOK_EPOCH &&
	         v->look != MSG_LOOK_DISK)
		put_deserted(v, out, cap);
	else if (ours)
		snprintf(out, cap, "%s", led_in_vain(v->look));
	else if (failure)
		snprintf(out, cap,
		         "the quorum port of server %" PRId64
		         " %s; that server had been elected",
		         v->tried, failure);
	else if (v->look == MSG_LOOK_LEADER)
		snprintf(out, cap, "the leader, server %" PRId64 ", %s", v->tried,
		         v->link == MSG_REASON_NONE ? "fell silent" : "closed its link");
	else if (v->look == MSG_LOOK_RELEASED)
		snprintf(out, cap, "the leader, server %" PRId64 ", has stepped down",
		         v->tried);
	else
		snprintf(out, cap, "server %" PRId64 " was elected, %s", v->tried,
		         followed_in_vain(v));
	return out;
}
