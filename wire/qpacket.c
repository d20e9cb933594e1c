/* QuorumPacket records; see qpacket.h. */
#include "wire/qpacket.h"

#include "base/buf.h"

#define LEARNER_OLD 12 /* before 3.5: without the configuration version */
#define LEARNER_NEW 20

/* A buffer or a string: a length (-1: none), then the bytes. */
static enum qpacket_result
get_buffer(struct buf_in *in, const unsigned char **data, size_t *len)
{
	int32_t n = buf_get_i32(in);

	*data = NULL;
	*len = 0;
	if (in->bad)
		return QPACKET_SHORT;
	if (n == -1)
		return QPACKET_OK;
	if (n < 0)
		return QPACKET_LENGTH;
	*data = buf_get_bytes(in, (size_t)n);
	if (in->bad)
		return QPACKET_SHORT;
	*len = (size_t)n;
	return QPACKET_OK;
}

static enum qpacket_result
skip_auth(struct buf_in *in, int32_t *count)
{
	const unsigned char *ignored;
	size_t len;
	enum qpacket_result r = QPACKET_OK;

	*count = buf_get_i32(in);
	if (in->bad)
		return QPACKET_SHORT;
	if (*count < -1)
		return QPACKET_LENGTH;
	for (int64_t i = 0; i < 2 * (int64_t)*count && r == QPACKET_OK; i++)
		r = get_buffer(in, &ignored, &len); /* scheme, then id */
	return r;
}

enum qpacket_result
qpacket_decode(const void *data, size_t len, struct qpacket *out)
{
	struct qpacket p;
	struct buf_in in;
	enum qpacket_result r;

	buf_in_init(&in, data, len);
	p.type = buf_get_i32(&in);
	p.zxid = buf_get_i64(&in);
	r = get_buffer(&in, &p.data, &p.data_len);
	if (r == QPACKET_OK)
		r = skip_auth(&in, &p.auth_count);
	if (r != QPACKET_OK)
		return r;
	if (buf_left(&in) > 0)
		return QPACKET_LONG;
	if (p.type < QPACKET_REQUEST || p.type > QPACKET_INFORMANDACTIVATE)
		return QPACKET_TYPE;
	*out = p;
	return QPACKET_OK;
}

size_t
qpacket_encode(const struct qpacket *in, void *out, size_t cap)
{
	struct buf_out b;

	if (in->data_len > QPACKET_MAX)
		return 0;
	buf_out_init(&b, out, cap);
	buf_put_i32(&b, in->type);
	buf_put_i64(&b, in->zxid);
	buf_put_i32(&b, in->data ? (int32_t)in->data_len : -1);
	if (in->data)
		buf_put_bytes(&b, in->data, in->data_len);
	buf_put_i32(&b, -1); /* no authinfo */
	return b.bad ? 0 : b.len;
}

enum qpacket_result
qpacket_get_learner(const struct qpacket *in, struct qpacket_learner *out)
{
	struct buf_in b;

	if (!in->data || (in->data_len != LEARNER_OLD && in->data_len != LEARNER_NEW))
		return QPACKET_DATA;
	buf_in_init(&b, in->data, in->data_len);
	out->sid = buf_get_i64(&b);
	out->protocol = buf_get_i32(&b);
	out->config_version = in->data_len == LEARNER_NEW ? buf_get_i64(&b) : 0;
	return QPACKET_OK;
}

size_t
qpacket_put_learner(const struct qpacket_learner *in, void *out, size_t cap)
{
	struct buf_out b;

	buf_out_init(&b, out, cap);
	buf_put_i64(&b, in->sid);
	buf_put_i32(&b, in->protocol);
	buf_put_i64(&b, in->config_version);
	return b.bad ? 0 : b.len;
}

const char *
qpacket_result_name(enum qpacket_result r)
{
	static const char *const names[] = {
	    [QPACKET_OK] = "ok",
	    [QPACKET_SHORT] = "short",
	    [QPACKET_LONG] = "bytes after the record",
	    [QPACKET_LENGTH] = "impossible length",
	    [QPACKET_TYPE] = "unknown type",
	    [QPACKET_DATA] = "not the data of its type",
	};

	return names[r];
}
