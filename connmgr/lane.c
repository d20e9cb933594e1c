/* See lane.h. */
#include "connmgr/lane.h"

#include <assert.h>
#include <string.h>

int
lane_init(struct lane *l, enum msg_lane which, const struct lane_config *config,
          const struct greet_ops *ops, void *user)
{
	const struct conf *conf = config->conf;
	bool election = which == MSG_LANE_ELECTION;
	int r;

	l->config = *config;
	l->which = which;
	l->name = election ? "election" : "learner";
	if (conf->self)
		l->port = election ? conf->self->election_port : conf->self->quorum_port;
	r = greet_new(&l->greet, l->config.loop, config->resolver, conf, l->name, l->port,
	              config->greetings_max, ops, user);
	if (r == 0)
		greet_secure(l->greet, config->secure, election);
	return r;
}

void
lane_deinit(struct lane *l)
{
	greet_free(l->greet);
}

void
lane_listen(struct lane *l, const struct qconfig_addr *list, unsigned count)
{
	if (l->port != 0 || count == 0)
		return;
	l->port = list[0].port;
	greet_listen(l->greet, list, count);
}

void
lane_hosts_init(struct lane_hosts *h, const struct qconfig_addr *list, unsigned count)
{
	size_t used = 0;

	h->count = 0;
	for (unsigned i = 0; i < count; i++) {
		size_t len = strlen(list[i].host) + 1;

		if (len > sizeof(h->text) - used)
			continue;
		h->list[h->count] = memcpy(h->text + used, list[i].host, len);
		h->ports[h->count++] = list[i].port;
		used += len;
	}
}

bool
lane_hosts_same(const struct lane_hosts *h, const struct qconfig_addr *list,
                unsigned count)
{
	if (h->count != count)
		return false;
	for (unsigned i = 0; i < count; i++)
		if (h->ports[i] != list[i].port || strcmp(h->list[i], list[i].host) != 0)
			return false;
	return true;
}

size_t
lane_hello(const struct lane *l, const struct stream *s, unsigned char out[HELLO_MAX])
{
	char text[HELLO_TEXT_MAX];
	struct address own;
	size_t len = 0;

	if (greet_addresses(l->greet, text, sizeof(text)))
		len = hello_encode(l->config.conf->id, text, out, HELLO_MAX);
	if (len == 0 && stream_own_address(s, l->port, &own) == 0) {
		address_text(&own, text);
		len = hello_encode(l->config.conf->id, text, out, HELLO_MAX);
	}
	return len;
}

void
lane_hear(struct lane *l, int64_t sid, uint64_t number, bool member,
          const unsigned char *frame, size_t frame_len)
{
	static unsigned char data[MSG_MAX];
	struct msg m = {.type = MSG_FRAME_IN,
	                .u.frame = {.lane = (uint8_t)l->which,
	                            .sid = sid,
	                            .number = number,
	                            .data = frame,
	                            .data_len = frame_len}};
	struct connmgr_event ev = {.kind = EVENT_BOARD,
	                           .u.board = {.type = BOARD_EV_FRAME,
	                                       .lane = l->which,
	                                       .sid = sid,
	                                       .number = number,
	                                       .member = member,
	                                       .data = data}};

	l->counters.frames_in++;
	ev.u.board.len = msg_encode(&m, data, sizeof(data));
	assert(ev.u.board.len > 0 && gate_idle(l->config.gate)); /* it is read now */
	gate_push(l->config.gate, &ev);
}

static void
push_told(struct lane *l, const struct msg_remote *told, bool gone)
{
	struct connmgr_event ev = {.kind = EVENT_TELL, .u.told = {*told, gone}};

	gate_push(l->config.gate, &ev);
}

void
lane_tell(struct lane *l, const struct msg_remote *told)
{
	push_told(l, told, false);
}

void
lane_tell_gone(struct lane *l, const struct msg_remote *told)
{
	push_told(l, told, true);
}
