/* The table of all messages and the one encoder and decoder that it drives; see msg.h. It
 * knows a message's fields, never what they are for. */
#include "ipc/msg.h"

#include "base/buf.h"

#include <string.h>

#define MAGIC_HIGH 0x43
#define MAGIC_LOW  0x6c

enum field_kind {
	FIELD_END,
	FIELD_U8,
	FIELD_BOOL,
	FIELD_I64,
	FIELD_U64,    /* at least `low` */
	FIELD_SERIAL, /* of something: not none */
	FIELD_VOTE,   /* leader, zxid, round and epoch: four free i64 */
	FIELD_STATE,  /* the state of a vote, as one byte */
	FIELD_NAME,   /* texts: room for `high` bytes with the final NUL */
	FIELD_BUILD,
	FIELD_PATH,
	FIELD_DATA, /* the rest of the packet: data and data_len of a struct msg_frame */
};

struct field {
	enum field_kind kind;
	size_t at; /* in struct msg */
	int64_t low;
	int64_t high;
};

#define FIELDS_MAX 9 /* with the END */

struct layout {
	struct msg_def def;
	struct field fields[FIELDS_MAX];
};

#define AT(member) offsetof(struct msg, u.member)
#define WORKERS    (MSG_ELECTOR | MSG_PEER)
#define SID_MIN    (MSG_ALL + 1) /* of one remote */
#define ROLE_MIN   1             /* NOTIF_FOLLOWING, */
#define ROLE_MAX   3             /* NOTIF_OBSERVING of wire/notif.h */

static const struct layout layouts[MSG_TYPES] =
    {
	[MSG_ATTACH] =
	    {
		{"attach", WORKERS, MSG_CONNMGR, MSG_KEEP_NOTHING},
		{
		    {FIELD_U8, AT(attach.who), MSG_WHO_ELECTOR, MSG_WHO_PEER},
		    {FIELD_NAME, AT(attach.name), 0, PATHS_NAME_MAX},
		    {FIELD_I64, AT(attach.pid), 1, INT32_MAX},
		    {FIELD_BUILD, AT(attach.build), 0, MSG_BUILD_MAX},
		    {FIELD_U8, AT(attach.set), 1, UINT8_MAX},
		    {FIELD_U64, AT(attach.generation), 0, 0},
		},
	    },
	[MSG_ATTACHED] =
	    {
		{"attached", MSG_CONNMGR, WORKERS, MSG_KEEP_NOTHING},
		{
		    {FIELD_U64, AT(attached.generation), 0, 0},
		    {FIELD_PATH, AT(attached.path), 0, MSG_PATH_MAX},
		},
	    },
	[MSG_SUPERSEDED] =
	    {
		{"superseded", MSG_CONNMGR, WORKERS, MSG_KEEP_NOTHING},
		{{FIELD_BOOL, AT(superseded.other_name), 0, 1}},
	    },
	[MSG_HELLO] =
	    {
		{"hello", WORKERS, MSG_CONNMGR, MSG_KEEP_NOTHING},
		{{FIELD_U64, AT(hello.generation), 0, 0}},
	    },
	[MSG_WELCOME] =
	    {
		{"welcome", MSG_CONNMGR, WORKERS, MSG_KEEP_NOTHING},
		{{FIELD_U64, AT(hello.generation), 0, 0}},
	    },
	[MSG_ACTIVATE] =
	    {
		{"activate", MSG_CONNMGR, WORKERS, MSG_KEEP_NOTHING},
		{{FIELD_U64, AT(hello.generation), 1, 0}},
	    },
	[MSG_SYNCED] = {{"synced", MSG_CONNMGR, WORKERS, MSG_KEEP_NOTHING},
                        {{FIELD_END, 0, 0, 0}}},
	[MSG_REMOTE] =
	    {
		{"remote", MSG_CONNMGR, WORKERS, MSG_KEEP_REMOTE},
		{
		    {FIELD_U8, AT(remote.lane), MSG_LANE_ELECTION, MSG_LANE_LEARNER},
		    {FIELD_I64, AT(remote.sid), SID_MIN, INT64_MAX},
		    {FIELD_U8, AT(remote.link), MSG_LINK_DOWN, MSG_LINK_UP},
		    {FIELD_U8, AT(remote.reason), 0, MSG_REASONS - 1},
		    {FIELD_BOOL, AT(remote.was_up), 0, 1},
		},
	    },
	[MSG_FRAME_IN] =
	    {
		{"frame_in", MSG_CONNMGR, WORKERS, MSG_KEEP_FRAME},
		{
		    {FIELD_U8, AT(frame.lane), MSG_LANE_ELECTION, MSG_LANE_LEARNER},
		    {FIELD_I64, AT(frame.sid), SID_MIN, INT64_MAX},
		    {FIELD_DATA, AT(frame), 1, MSG_FRAME_MAX},
		},
	    },
	[MSG_FRAME_OUT] =
	    {
		{"frame_out", WORKERS, MSG_CONNMGR, MSG_KEEP_NOTHING},
		{
		    {FIELD_U8, AT(frame.lane), MSG_LANE_ELECTION, MSG_LANE_LEARNER},
		    {FIELD_I64, AT(frame.sid), SID_MIN, INT64_MAX},
		    {FIELD_DATA, AT(frame), 1, MSG_FRAME_MAX},
		},
	    },
	[MSG_CONNECT] =
	    {
		{"connect", WORKERS, MSG_CONNMGR, MSG_KEEP_NOTHING},
		{
		    {FIELD_U8, AT(connect.lane), MSG_LANE_ELECTION, MSG_LANE_LEARNER},
		    {FIELD_I64, AT(connect.sid), MSG_ALL, INT64_MAX},
		    {FIELD_U8, AT(connect.reason), 0, MSG_REASONS - 1},
		},
	    },
	[MSG_DISCONNECT] =
	    {
		{"disconnect", WORKERS, MSG_CONNMGR, MSG_KEEP_NOTHING},
		{
		    {FIELD_U8, AT(connect.lane), MSG_LANE_ELECTION, MSG_LANE_LEARNER},
		    {FIELD_I64, AT(connect.sid), MSG_ALL, INT64_MAX},
		    {FIELD_U8, AT(connect.reason), 0, MSG_REASONS - 1},
		},
	    },
	[MSG_LOOK] =
	    {
		{"look", MSG_PEER, MSG_ELECTOR, MSG_KEEP_WORD},
		{
		    {FIELD_SERIAL, AT(look.serial), 0, 0},
		    {FIELD_I64, AT(look.sid), 0, INT64_MAX},
		    {FIELD_I64, AT(look.zxid), INT64_MIN, INT64_MAX},
		    {FIELD_I64, AT(look.epoch), INT64_MIN, INT64_MAX},
		    {FIELD_I64, AT(look.last_round), INT64_MIN, INT64_MAX},
		    {FIELD_BOOL, AT(look.gave_up), 0, 1},
		    {FIELD_I64, AT(look.leader), INT64_MIN, INT64_MAX},
		    {FIELD_U8, AT(look.reason), 0, MSG_LOOK_REASONS - 1},
		},
	    },
	[MSG_DECIDED] =
	    {
		{"decided", MSG_ELECTOR | MSG_CONNMGR, MSG_PEER | MSG_ELECTOR,
                 MSG_KEEP_DECIDED},
		{
		    {FIELD_SERIAL, AT(decided.serial), 0, 0},
		    {FIELD_STATE, AT(decided.vote.state), ROLE_MIN, ROLE_MAX},
		    {FIELD_VOTE, AT(decided.vote), 0, 0},
		},
	    },
	[MSG_DOUBT] =
	    {
		{"doubt", MSG_ELECTOR, MSG_PEER, MSG_KEEP_NOTHING},
		{
		    {FIELD_SERIAL, AT(doubt.serial), 0, 0},
		    {FIELD_I64, AT(doubt.sid), SID_MIN, INT64_MAX},
		},
	    },
	[MSG_ROLE] =
	    {
		{"role", MSG_PEER, MSG_ELECTOR, MSG_KEEP_WORD},
		{
		    {FIELD_SERIAL, AT(role.serial), 0, 0},
		    {FIELD_STATE, AT(role.vote.state), ROLE_MIN, ROLE_MAX},
		    {FIELD_VOTE, AT(role.vote), 0, 0},
		},
	    },
	[MSG_ABSENT] = {{"absent", MSG_CONNMGR | MSG_PEER, MSG_ELECTOR, MSG_KEEP_WORD},
                        {{FIELD_END, 0, 0, 0}}},
	[MSG_STATE] =
	    {
		{"state", MSG_ELECTOR | MSG_CONNMGR, MSG_ELECTOR | MSG_CONNMGR,
                 MSG_KEEP_STATE},
		{
		    {FIELD_SERIAL, AT(state.serial), 0, 0},
		    {FIELD_VOTE, AT(state.vote), 0, 0},
		},
	    },
};

enum msg_party
msg_party(enum msg_who who)
{
	return who == MSG_WHO_ELECTOR ? MSG_ELECTOR : MSG_PEER;
}

const struct msg_def *
msg_def(enum msg_type type)
{
	if ((unsigned)type >= MSG_TYPES || !layouts[type].def.name)
		return NULL;
	return &layouts[type].def;
}

/* Names become parts of paths and of JSON; a build may also say "+dirty" or "~rc1". */
static bool
word_ok(const char *text, size_t len, const char *extra)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z'))
			continue;
		if (!c || !strchr(extra, c))
			return false;
	}
	return len > 0;
}

static bool
path_ok(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	}
	return len > 1 && text[0] == '/';
}

static bool
text_ok(enum field_kind kind, const char *text, size_t len)
{
	if (kind == FIELD_PATH)
		return path_ok(text, len);
	return word_ok(text, len, kind == FIELD_BUILD ? "._-+~" : "._-");
}

static void
put_text(const struct field *f, const char *text, struct buf_out *out, bool *ok)
{
	size_t len = strnlen(text, (size_t)f->high);

	if (len == (size_t)f->high || !text_ok(f->kind, text, len)) {
		*ok = false;
		return;
	}
	buf_put_u8(out, (uint8_t)(len >> 8));
	buf_put_u8(out, (uint8_t)len);
	buf_put_bytes(out, text, len);
}

static void
get_text(const struct field *f, struct buf_in *in, char *text, bool *ok)
{
	size_t len = (size_t)buf_get_u8(in) << 8;
	const unsigned char *bytes;

	len |= buf_get_u8(in);
	bytes = buf_get_bytes(in, len);
	if (!bytes)
		return;
	if (len >= (size_t)f->high || !text_ok(f->kind, (const char *)bytes, len)) {
		*ok = false;
		return;
	}
	memcpy(text, bytes, len);
	text[len] = '\0';
}

static bool
number_ok(const struct field *f, int64_t value)
{
	return value >= f->low && value <= f->high;
}

static void
put_vote(const struct vote *v, struct buf_out *out)
{
	buf_put_i64(out, v->leader);
	buf_put_i64(out, v->zxid);
	buf_put_i64(out, v->round);
	buf_put_i64(out, v->epoch);
}

static void
get_vote(struct buf_in *in, struct vote *v)
{
	v->leader = buf_get_i64(in);
	v->zxid = buf_get_i64(in);
	v->round = buf_get_i64(in);
	v->epoch = buf_get_i64(in);
}

static bool
serial_ok(const struct msg_serial *s)
{
	return s->generation || s->count;
}

/* `at` is a field of a struct msg, so it is aligned for what it holds. */
static void
put_field(const struct field *f, const void *at, struct buf_out *out, bool *ok)
{
	const struct msg_serial *serial = at;
	const struct msg_frame *frame = at;

	switch (f->kind) {
	case FIELD_U8:
		*ok &= number_ok(f, *(const uint8_t *)at);
		buf_put_u8(out, *(const uint8_t *)at);
		break;
	case FIELD_BOOL:
		buf_put_u8(out, *(const bool *)at);
		break;
	case FIELD_I64:
		*ok &= number_ok(f, *(const int64_t *)at);
		buf_put_i64(out, *(const int64_t *)at);
		break;
	case FIELD_U64:
		*ok &= *(const uint64_t *)at >= (uint64_t)f->low;
		buf_put_u64(out, *(const uint64_t *)at);
		break;
	case FIELD_SERIAL:
		*ok &= serial_ok(serial);
		buf_put_u64(out, serial->generation);
		buf_put_u64(out, serial->count);
		break;
	case FIELD_VOTE:
		put_vote(at, out);
		break;
	case FIELD_STATE:
		*ok &= number_ok(f, *(const int32_t *)at);
		buf_put_u8(out, (uint8_t) * (const int32_t *)at);
		break;
	case FIELD_NAME:
	case FIELD_BUILD:
	case FIELD_PATH:
		put_text(f, at, out, ok);
		break;
	case FIELD_DATA:
		*ok &= number_ok(f, (int64_t)frame->data_len);
		if (*ok)
			buf_put_bytes(out, frame->data, frame->data_len);
		break;
	case FIELD_END:
		break;
	}
}

static void
get_field(const struct field *f, struct buf_in *in, void *at, bool *ok)
{
	struct msg_serial *serial = at;
	struct msg_frame *frame = at;
	uint8_t byte;

	switch (f->kind) {
	case FIELD_U8:
		*(uint8_t *)at = buf_get_u8(in);
		*ok &= number_ok(f, *(uint8_t *)at);
		break;
	case FIELD_BOOL:
		byte = buf_get_u8(in);
		*ok &= number_ok(f, byte);
		*(bool *)at = byte != 0;
		break;
	case FIELD_I64:
		*(int64_t *)at = buf_get_i64(in);
		*ok &= number_ok(f, *(int64_t *)at);
		break;
	case FIELD_U64:
		*(uint64_t *)at = buf_get_u64(in);
		*ok &= *(uint64_t *)at >= (uint64_t)f->low;
		break;
	case FIELD_SERIAL:
		serial->generation = buf_get_u64(in);
		serial->count = buf_get_u64(in);
		*ok &= serial_ok(serial);
		break;
	case FIELD_VOTE:
		get_vote(in, at);
		break;
	case FIELD_STATE:
		*(int32_t *)at = buf_get_u8(in);
		*ok &= number_ok(f, *(int32_t *)at);
		break;
	case FIELD_NAME:
	case FIELD_BUILD:
	case FIELD_PATH:
		get_text(f, in, at, ok);
		break;
	case FIELD_DATA:
		frame->data_len = buf_left(in);
		frame->data = buf_get_bytes(in, frame->data_len);
		in->bad |= frame->data_len == 0;
		*ok &= number_ok(f, (int64_t)frame->data_len);
		break;
	case FIELD_END:
		break;
	}
}

size_t
msg_encode(const struct msg *m, void *data, size_t cap)
{
	struct buf_out out;
	bool ok = true;

	if (!msg_def(m->type))
		return 0;
	buf_out_init(&out, data, cap);
	buf_put_u8(&out, MAGIC_HIGH);
	buf_put_u8(&out, MAGIC_LOW);
	buf_put_u8(&out, MSG_SET);
	buf_put_u8(&out, (uint8_t)m->type);
	for (const struct field *f = layouts[m->type].fields; f->kind != FIELD_END; f++)
		put_field(f, (const char *)m + f->at, &out, &ok);
	return ok && !out.bad ? out.len : 0;
}

static enum msg_result
get_head(struct buf_in *in, enum msg_type *type)
{
	uint8_t high = buf_get_u8(in);
	uint8_t low = buf_get_u8(in);
	uint8_t set = buf_get_u8(in);
	uint8_t number = buf_get_u8(in);

	if (in->bad)
		return MSG_SHORT;
	if (high != MAGIC_HIGH || low != MAGIC_LOW)
		return MSG_MAGIC;
	if (set != MSG_SET)
		return MSG_VERSION;
	if (!msg_def(number))
		return MSG_UNKNOWN;
	*type = number;
	return MSG_OK;
}

enum msg_result
msg_decode(const void *data, size_t len, struct msg *m)
{
	struct buf_in in;
	enum msg_result r;
	bool ok = true;

	memset(m, 0, sizeof(*m));
	buf_in_init(&in, data, len);
	r = get_head(&in, &m->type);
	if (r != MSG_OK)
		return r;
	for (const struct field *f = layouts[m->type].fields; f->kind != FIELD_END; f++)
		get_field(f, &in, (char *)m + f->at, &ok);
	if (in.bad)
		return MSG_SHORT;
	if (buf_left(&in) > 0)
		return MSG_LONG;
	return ok ? MSG_OK : MSG_RANGE;
}

int
msg_serial_compare(const struct msg_serial *a, const struct msg_serial *b)
{
	if (a->generation != b->generation)
		return a->generation < b->generation ? -1 : 1;
	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	return 0;
}
