/* A frame that came on a lane, of a remote or a stranger; below lane.c and lane_guest.c.
 */
#include "connmgr/lane.h"

#include <assert.h>

void
lane_hear(struct lane *l, int64_t sid, bool member, const unsigned char *frame,
          size_t frame_len)
{
	static unsigned char data[MSG_MAX];
	struct msg m = {.type = MSG_FRAME_IN,
	                .u.frame = {.lane = (uint8_t)l->config.which,
	                            .sid = sid,
	                            .data = frame,
	                            .data_len = frame_len}};
	struct connmgr_event ev = {.kind = EVENT_BOARD,
	                           .u.board = {.type = BOARD_EV_FRAME,
	                                       .lane = l->config.which,
	                                       .sid = sid,
	                                       .member = member,
	                                       .data = data}};

	l->counters.frames_in++;
	ev.u.board.len = msg_encode(&m, data, sizeof(data));
	assert(ev.u.board.len > 0 && gate_idle(l->config.gate)); /* it is read now */
	gate_push(l->config.gate, &ev);
}
