/* See members_packet.h. */
#include "wire/members_packet.h"

#include <string.h>

size_t
members_put_leaderinfo(const struct qpacket_leaderinfo *in, void *out, size_t cap)
{
	struct buf_out b;

	buf_out_init(&b, out, cap);
	buf_put_i32(&b, in->protocol);
	buf_put_u32(&b, in->tick_ms);
	buf_put_u32(&b, in->init_limit);
	buf_put_u32(&b, in->sync_limit);
	return b.bad ? 0 : b.len;
}

static bool
is_limit(uint32_t value, uint32_t max)
{
	return value >= 1 && value <= max;
}

enum qpacket_result
members_get_leaderinfo(const struct qpacket *in, struct qpacket_leaderinfo *out)
{
	struct qpacket_leaderinfo read = {0};
	struct buf_in b;

	buf_in_init(&b, in->data, in->data_len);
	read.protocol = buf_get_i32(&b);
	if (read.protocol >= QPACKET_PROTOCOL) {
		read.tick_ms = buf_get_u32(&b);
		read.init_limit = buf_get_u32(&b);
		read.sync_limit = buf_get_u32(&b);
		b.bad |= !is_limit(read.tick_ms, MEMBERS_TICK_MAX) ||
		         !is_limit(read.init_limit, MEMBERS_LIMIT_MAX) ||
		         !is_limit(read.sync_limit, MEMBERS_LIMIT_MAX);
	}
	if (b.bad || buf_left(&b) > 0)
		return QPACKET_DATA;
	*out = read;
	return QPACKET_OK;
}

static void
put_pair(struct buf_out *b, const struct members_record *r, const struct members_hints *h,
         struct qconfig *scratch)
{
	members_put(b, &r->old, h, scratch);
	members_put(b, &r->new, h, scratch);
}

/* Without an epoch there is neither, with one there is a new. */
static bool
get_pair(struct buf_in *b, int64_t epoch, struct members_record *out,
         struct members_hints *learned, struct qconfig *scratch)
{
	out->epoch = epoch;
	if (epoch < 0 || epoch > INT32_MAX ||
	    !members_get(b, &out->old, learned, scratch) ||
	    !members_get(b, &out->new, learned, scratch))
		return false;
	return epoch > 0 ? out->new.version > 0
	                 : out->new.version == 0 && out->old.version == 0;
}

size_t
members_put_report(const struct qpacket_ackepoch *head, const struct members_report *in,
                   const struct members_hints *h, void *out, size_t cap,
                   struct qconfig *scratch)
{
	struct buf_out b;

	buf_out_init(&b, out, cap);
	buf_put_i32(&b, head->current);
	buf_put_i32(&b, head->epoch);
	buf_put_bytes(&b, in->instance.bytes, sizeof(in->instance.bytes));
	buf_put_u8(&b, in->may_found);
	buf_put_i64(&b, in->version);
	buf_put_u64(&b, in->digest);
	buf_put_i64(&b, in->record.epoch);
	put_pair(&b, &in->record, h, scratch);
	return b.bad ? 0 : b.len;
}

enum qpacket_result
members_get_report(const struct qpacket *in, struct qpacket_ackepoch *head,
                   struct members_report *out, struct members_hints *learned,
                   struct qconfig *scratch)
{
	struct qpacket_ackepoch answer;
	struct members_report read;
	const unsigned char *instance;
	struct buf_in b;
	uint8_t may_found;

	memset(&read, 0, sizeof(read));
	buf_in_init(&b, in->data, in->data_len);
	answer.current = buf_get_i32(&b);
	answer.epoch = buf_get_i32(&b);
	instance = buf_get_bytes(&b, sizeof(read.instance.bytes));
	if (instance)
		memcpy(read.instance.bytes, instance, sizeof(read.instance.bytes));
	may_found = buf_get_u8(&b);
	read.may_found = may_found == 1;
	read.version = buf_get_i64(&b);
	read.digest = buf_get_u64(&b);
	if (may_found > 1 || members_instance_none(&read.instance) || read.version < 1 ||
	    read.version > MEMBERS_VERSION_MAX)
		return QPACKET_DATA;
	if (!get_pair(&b, buf_get_i64(&b), &read.record, learned, scratch) ||
	    buf_left(&b) > 0)
		return QPACKET_DATA;
	*head = answer;
	*out = read;
	return QPACKET_OK;
}

size_t
members_put_pair(const struct members_record *in, const struct members_hints *h,
                 void *out, size_t cap, struct qconfig *scratch)
{
	struct buf_out b;

	buf_out_init(&b, out, cap);
	put_pair(&b, in, h, scratch);
	return b.bad ? 0 : b.len;
}

enum qpacket_result
members_get_pair(const struct qpacket *in, struct members_record *out,
                 struct members_hints *learned, struct qconfig *scratch)
{
	struct members_record read;
	struct buf_in b;

	memset(&read, 0, sizeof(read));
	buf_in_init(&b, in->data, in->data_len);
	if (in->zxid >> 32 == 0 ||
	    !get_pair(&b, in->zxid >> 32, &read, learned, scratch) || buf_left(&b) > 0)
		return QPACKET_DATA;
	*out = read;
	return QPACKET_OK;
}
