/* The notification; see notif.h. */
#include "wire/notif.h"

#include "base/buf.h"

#define NOTIF_NO_EPOCH   28 /* up to 3.3: without a peer epoch */
#define NOTIF_NO_VERSION 40 /* 3.4: the version field has no meaning */

static enum notif_result
get_config(struct buf_in *in, size_t frame_len, struct notif *n)
{
	int32_t len = buf_get_i32(in);
	const unsigned char *text;

	if (in->bad)
		return NOTIF_PARTIAL;
	if (len < 0 || (size_t)len > frame_len)
		return NOTIF_CONFIG_LENGTH;
	text = buf_get_bytes(in, (size_t)len);
	if (in->bad)
		return NOTIF_CONFIG_LENGTH;
	n->has_config = true;
	n->config = (const char *)text;
	n->config_len = (size_t)len;
	if (buf_left(in) == NOTIF_TAIL)
		n->vote.priority = buf_get_i64(in);
	return NOTIF_OK;
}

enum notif_result
notif_decode(const void *data, size_t len, struct notif *out)
{
	struct notif n = {0};
	struct buf_in in;
	enum notif_result r;

	if (len < NOTIF_NO_EPOCH)
		return NOTIF_SHORT;
	buf_in_init(&in, data, len);
	n.vote.state = buf_get_i32(&in);
	n.vote.leader = buf_get_i64(&in);
	n.vote.zxid = buf_get_i64(&in);
	n.vote.round = buf_get_i64(&in);
	if (len == NOTIF_NO_EPOCH) {
		n.vote.epoch = n.vote.zxid >> 32;
	} else {
		n.vote.epoch = buf_get_i64(&in);
		n.vote.version = buf_get_i32(&in);
		if (in.bad)
			return NOTIF_PARTIAL;
		if (len == NOTIF_NO_VERSION)
			n.vote.version = 0;
	}
	if (n.vote.version > 1) {
		r = get_config(&in, len, &n);
		if (r != NOTIF_OK)
			return r;
	}
	*out = n;
	return NOTIF_OK;
}

size_t
notif_encode(const struct notif *in, void *out, size_t cap)
{
	struct buf_out b;

	if (in->config_len == 0 || in->config_len > INT32_MAX)
		return 0;
	buf_out_init(&b, out, cap);
	buf_put_i32(&b, in->vote.state);
	buf_put_i64(&b, in->vote.leader);
	buf_put_i64(&b, in->vote.zxid);
	buf_put_i64(&b, in->vote.round);
	buf_put_i64(&b, in->vote.epoch);
	buf_put_i32(&b, 2);
	buf_put_i32(&b, (int32_t)in->config_len);
	buf_put_bytes(&b, in->config, in->config_len);
	if (in->vote.priority != 0)
		buf_put_i64(&b, in->vote.priority);
	return b.bad ? 0 : b.len;
}

const char *
notif_result_name(enum notif_result r)
{
	static const char *const names[] = {
	    [NOTIF_OK] = "ok",
	    [NOTIF_SHORT] = "short",
	    [NOTIF_PARTIAL] = "partial",
	    [NOTIF_CONFIG_LENGTH] = "bad configuration length",
	};

	return names[r];
}

const char *
notif_state_name(int32_t state)
{
	static const char *const names[] = {"LOOKING", "FOLLOWING", "LEADING",
	                                    "OBSERVING"};

	return state >= NOTIF_LOOKING && state <= NOTIF_OBSERVING ? names[state] : "?";
}

const char *
notif_state_word(int32_t state)
{
	static const char *const words[] = {"looking", "following", "leading",
	                                    "observing"};

	return state >= NOTIF_LOOKING && state <= NOTIF_OBSERVING ? words[state]
	                                                          : "unknown";
}
