/* What a lane pushes to the gate; below lane.c and lane_guest.c. */
#include "connmgr/lane.h"

#include <assert.h>

void
lane_push(struct lane *l, const struct board_event *ev)
{
	struct connmgr_event event = {.kind = EVENT_BOARD, .u.board = *ev};

	gate_push(l->config.gate, &event);
}

void
lane_hear(struct lane *l, int64_t sid, bool member, const unsigned char *frame,
          size_t frame_len)
{
	static unsigned char data[MSG_MAX];
	struct msg m = {.type = MSG_FRAME_IN};
	struct board_event ev = {.type = BOARD_EV_FRAME,
	                         .lane = l->config.which,
	                         .sid = sid,
	                         .member = member,
	                         .data = data};

	m.u.frame = (struct msg_frame){.lane = (uint8_t)l->config.which,
	                               .sid = sid,
	                               .data = frame,
	                               .data_len = frame_len};
	ev.len = msg_encode(&m, data, sizeof(data));
	assert(ev.len > 0 &&
	       gate_idle(l->config.gate)); /* so the board reads `data` now */
	lane_push(l, &ev);
}
