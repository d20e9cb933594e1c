/* What passes connmgr's gate (proc/gate.h): the events of its cores, and what its shell
 * does about links inside of this server. */
#ifndef CONNMGR_EVENT_H
#define CONNMGR_EVENT_H

#include "connmgr/board.h"
#include "connmgr/link.h"

struct lane_remote;

enum connmgr_event_kind {
	EVENT_BOARD,   /* board */
	EVENT_LINK,    /* link */
	EVENT_TELL,    /* remote: to the board, and thus to the workers */
	EVENT_MESSAGE, /* message: of a worker */
	EVENT_LOST,    /* lost: the link of a worker */
};

struct connmgr_event {
	enum connmgr_event_kind kind;
	union {
		struct board_event board;
		struct {
			struct lane_remote *remote;
			struct link_event event;
		} link;
		struct msg_remote remote;
		struct {
			unsigned worker;
			const void *data; /* borrowed: pushed while the gate is idle */
			size_t len;
		} message;
		struct {
			unsigned worker;
			const char *why;
			bool ours; /* we end it, unless it has ended meanwhile */
		} lost;
	} u;
};

#endif
