/* The words for msg.h's enums, for logs, status and tests. */
#include "ipc/msg.h"

static const char *
word(const char *const *words, unsigned count, unsigned at)
{
	return at < count && words[at] ? words[at] : "?";
}

const char *
msg_link_name(enum msg_link l)
{
	static const char *const words[] = {
	    [MSG_LINK_DOWN] = "down",
	    [MSG_LINK_CONNECTING] = "connecting",
	    [MSG_LINK_UP] = "up",
	};

	return word(words, sizeof(words) / sizeof(words[0]), l);
}

const char *
msg_reason_name(enum msg_reason r)
{
	static const char *const words[MSG_REASONS] = {
	    [MSG_REASON_NONE] = "",
	    [MSG_REASON_NEVER] = "never",
	    [MSG_REASON_REFUSED] = "refused",
	    [MSG_REASON_TIMEOUT] = "timeout",
	    [MSG_REASON_RESOLVE] = "resolve",
	    [MSG_REASON_UNREACHABLE] = "unreachable",
	    [MSG_REASON_EOF] = "eof",
	    [MSG_REASON_RESET] = "reset",
	    [MSG_REASON_REPLACED] = "replaced",
	    [MSG_REASON_PROTOCOL] = "protocol",
	    [MSG_REASON_FULL] = "full",
	    [MSG_REASON_ASKED] = "asked",
	    [MSG_REASON_ABSENT] = "absent",
	    [MSG_REASON_LOCAL] = "local",
	};

	return word(words, MSG_REASONS, r);
}

const char *
msg_look_reason_name(enum msg_look_reason r)
{
	static const char *const words[MSG_LOOK_REASONS] = {
	    [MSG_LOOK_START] = "start",     [MSG_LOOK_LEADER] = "leader",
	    [MSG_LOOK_QUORUM] = "quorum",   [MSG_LOOK_TIMEOUT] = "timeout",
	    [MSG_LOOK_REFUSED] = "refused", [MSG_LOOK_EPOCH] = "epoch",
	    [MSG_LOOK_DOUBT] = "doubt",     [MSG_LOOK_DISK] = "disk",
	};

	return word(words, MSG_LOOK_REASONS, r);
}
