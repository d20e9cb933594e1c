/* The table of all messages, and the one pass over their fields; see msg.h. */
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
	FIELD_SERIAL, /* not (0, 0) */
	FIELD_VOTE,   /* leader, zxid, round, epoch, priority: i64 of any value */
	FIELD_STATE,  /* the state of a vote, as one byte */
	FIELD_NAME,   /* texts of less than `high` bytes */
	FIELD_BUILD,
	FIELD_PATH,
	FIELD_TEXT, /* a struct msg_text of `low` to `high` bytes */
	FIELD_DATA, /* the rest of the packet: data and data_len of a struct msg_frame */
};

struct field {
	enum field_kind kind;
	size_t at; /* in struct msg */
	int64_t low;
	int64_t high;
};

struct layout {
	struct msg_def def;
	const struct field *fields; /* up to an END */
};

#define AT(member) offsetof(struct msg, u.member)
#define WORKERS    (MSG_ELECTOR | MSG_PEER)
#define SID_MIN    (MSG_ALL + 1) /* of one remote */
#define ROLE_MIN   1             /* NOTIF_FOLLOWING, */
#define ROLE_MAX   3             /* NOTIF_OBSERVING of wire/notif.h */

static const struct field none[] = {{0}};
static const struct field attach[] = {
    {FIELD_U8, AT(attach.who), MSG_WHO_ELECTOR, MSG_WHO_PEER},
    {FIELD_NAME, AT(attach.name), 0, PATHS_NAME_MAX},
    {FIELD_I64, AT(attach.pid), 1, INT32_MAX},
    {FIELD_BUILD, AT(attach.build), 0, MSG_BUILD_MAX},
    {FIELD_U8, AT(attach.set), 1, UINT8_MAX},
    {FIELD_U64, AT(attach.generation), 0, 0},
    {0}};
static const struct field attached[] = {{FIELD_U64, AT(attached.generation), 0, 0},
                                        {FIELD_PATH, AT(attached.path), 0, MSG_PATH_MAX},
                                        {0}};
static const struct field superseded[] = {{FIELD_BOOL, AT(superseded.other_name), 0, 1},
                                          {0}};
static const struct field hello[] = {{FIELD_U64, AT(hello.generation), 0, 0}, {0}};
static const struct field activate[] = {{FIELD_U64, AT(hello.generation), 1, 0}, {0}};
static const struct field remote[] = {
    {FIELD_U8, AT(remote.lane), MSG_LANE_ELECTION, MSG_LANE_LEARNER},
    {FIELD_I64, AT(remote.sid), SID_MIN, INT64_MAX},
    {FIELD_U8, AT(remote.link), MSG_LINK_DOWN, MSG_LINK_UP},
    {FIELD_U8, AT(remote.reason), 0, MSG_REASONS - 1},
    {FIELD_BOOL, AT(remote.was_up), 0, 1},
    {FIELD_U64, AT(remote.number), 0, 0},
    {FIELD_BOOL, AT(remote.dialled), 0, 1},
    {0}};
static const struct field frame[] = {
    {FIELD_U8, AT(frame.lane), MSG_LANE_ELECTION, MSG_LANE_LEARNER},
    {FIELD_I64, AT(frame.sid), SID_MIN, INT64_MAX},
    {FIELD_U64, AT(frame.number), 0, 0},
    {FIELD_DATA, AT(frame), 1, MSG_FRAME_MAX},
    {0}};
static const struct field connect[] = {
    {FIELD_U8, AT(connect.lane), MSG_LANE_ELECTION, MSG_LANE_LEARNER},
    {FIELD_I64, AT(connect.sid), MSG_ALL, INT64_MAX},
    {FIELD_U64, AT(connect.number), 0, 0},
    {FIELD_U8, AT(connect.reason), 0, MSG_REASONS - 1},
    {0}};
static const struct field take[] = {{FIELD_I64, AT(take.sid), SID_MIN, INT64_MAX},
                                    {FIELD_U64, AT(take.number), 1, 0},
                                    {0}};
static const struct field look[] = {
    {FIELD_SERIAL, AT(look.serial), 0, 0},
    {FIELD_I64, AT(look.sid), 0, INT64_MAX},
    {FIELD_I64, AT(look.zxid), INT64_MIN, INT64_MAX},
    {FIELD_I64, AT(look.epoch), INT64_MIN, INT64_MAX},
    {FIELD_I64, AT(look.last_round), INT64_MIN, INT64_MAX},
    {FIELD_BOOL, AT(look.gave_up), 0, 1},
    {FIELD_I64, AT(look.leader), INT64_MIN, INT64_MAX},
    {FIELD_U8, AT(look.reason), 0, MSG_LOOK_REASONS - 1},
    {0}};
static const struct field decided[] = {/* and role, which lies there too */
                                       {FIELD_SERIAL, AT(decided.serial), 0, 0},
                                       {FIELD_STATE, AT(decided.vote.state), ROLE_MIN,
                                        ROLE_MAX},
                                       {FIELD_VOTE, AT(decided.vote), 0, 0},
                                       {0}};
static const struct field doubt[] = {{FIELD_SERIAL, AT(doubt.serial), 0, 0},
                                     {FIELD_I64, AT(doubt.sid), SID_MIN, INT64_MAX},
                                     {0}};
static const struct field state[] = {
    {FIELD_SERIAL, AT(state.serial), 0, 0}, {FIELD_VOTE, AT(state.vote), 0, 0}, {0}};
static const struct field members[] = {
    {FIELD_BOOL, AT(members.joins), 0, 1},
    {FIELD_TEXT, AT(members.current), 1, MSG_MEMBERS_MAX},
    {FIELD_TEXT, AT(members.last_seen), 0, MSG_MEMBERS_MAX},
    {FIELD_TEXT, AT(members.links), 0, MSG_MEMBERS_MAX},
    {0}};

static const struct field where[] = {{FIELD_I64, AT(where.sid), SID_MIN, INT64_MAX},
                                     {FIELD_TEXT, AT(where.at), 1, MSG_WHERE_MAX},
                                     {0}};

/* One row a message: its name, who sends it, who receives it, what connmgr retains. */
static const struct layout layouts[MSG_TYPES] = {
    [MSG_ATTACH] = {{"attach", WORKERS, MSG_CONNMGR, MSG_KEEP_NOTHING}, attach},
    [MSG_ATTACHED] = {{"attached", MSG_CONNMGR, WORKERS, MSG_KEEP_NOTHING}, attached},
    [MSG_SUPERSEDED] = {{"superseded", MSG_CONNMGR, WORKERS, MSG_KEEP_NOTHING},
                        superseded},
    [MSG_HELLO] = {{"hello", WORKERS, MSG_CONNMGR, MSG_KEEP_NOTHING}, hello},
    [MSG_WELCOME] = {{"welcome", MSG_CONNMGR, WORKERS, MSG_KEEP_NOTHING}, hello},
    [MSG_ACTIVATE] = {{"activate", MSG_CONNMGR, WORKERS, MSG_KEEP_NOTHING}, activate},
    [MSG_SYNCED] = {{"synced", MSG_CONNMGR, WORKERS, MSG_KEEP_NOTHING}, none},
    [MSG_REMOTE] = {{"remote", MSG_CONNMGR, WORKERS, MSG_KEEP_REMOTE}, remote},
    [MSG_FRAME_IN] = {{"frame_in", MSG_CONNMGR, WORKERS, MSG_KEEP_FRAME}, frame},
    [MSG_FRAME_OUT] = {{"frame_out", WORKERS, MSG_CONNMGR, MSG_KEEP_NOTHING}, frame},
    [MSG_CONNECT] = {{"connect", WORKERS, MSG_CONNMGR, MSG_KEEP_NOTHING}, connect},
    [MSG_DISCONNECT] = {{"disconnect", WORKERS, MSG_CONNMGR, MSG_KEEP_NOTHING}, connect},
    [MSG_LOOK] = {{"look", MSG_PEER, MSG_ELECTOR, MSG_KEEP_WORD}, look},
    [MSG_DECIDED] = {{"decided", MSG_ELECTOR | MSG_CONNMGR, WORKERS, MSG_KEEP_DECIDED},
                     decided},
    [MSG_DOUBT] = {{"doubt", MSG_ELECTOR, MSG_PEER, MSG_KEEP_NOTHING}, doubt},
    [MSG_ROLE] = {{"role", MSG_PEER, MSG_ELECTOR, MSG_KEEP_WORD}, decided},
    [MSG_ABSENT] = {{"absent", MSG_CONNMGR | MSG_PEER, MSG_ELECTOR, MSG_KEEP_WORD}, none},
    [MSG_STATE] = {{"state", MSG_ELECTOR | MSG_CONNMGR, MSG_ELECTOR | MSG_CONNMGR,
                    MSG_KEEP_STATE},
                   state},
    [MSG_TAKE] = {{"take", MSG_PEER, MSG_CONNMGR, MSG_KEEP_NOTHING}, take},
    [MSG_MEMBERS] = {{"members", MSG_PEER, MSG_ELECTOR | MSG_CONNMGR, MSG_KEEP_MEMBERS},
                     members},
    [MSG_WHERE] = {{"where", MSG_ELECTOR, MSG_PEER, MSG_KEEP_NOTHING}, where},
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
word_ok(const char *text, size_t len, bool build)
{
	static const char set[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-+~";

	for (size_t i = 0; i < len; i++)
		if (!memchr(set, text[i], sizeof(set) - (build ? 1 : 3)))
			return false;
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
	return word_ok(text, len, kind == FIELD_BUILD);
}

/* One pass over a message, in either direction: a struct is read from `in` or written to
 * `out`, field by field. */
struct codec {
	bool decodes;
	bool ok;         /* every field is in its range */
	size_t text_len; /* of the texts so far */
	struct buf_in in;
	struct buf_out out;
};

static void
code_u8(struct codec *c, uint8_t *v)
{
	if (c->decodes)
		*v = buf_get_u8(&c->in);
	else
		buf_put_u8(&c->out, *v);
}

static void
code_u64(struct codec *c, uint64_t *v)
{
	if (c->decodes)
		*v = buf_get_u64(&c->in);
	else
		buf_put_u64(&c->out, *v);
}

static void
code_text(struct codec *c, const struct field *f, char *text)
{
	size_t room = (size_t)f->high, len = c->decodes ? 0 : strnlen(text, room);
	uint8_t high = (uint8_t)(len >> 8), low = (uint8_t)len;
	const void *bytes = text;

	code_u8(c, &high);
	code_u8(c, &low);
	len = (size_t)high << 8 | low;
	if (c->decodes && !(bytes = buf_get_bytes(&c->in, len)))
		return;
	if (len >= room || !text_ok(f->kind, bytes, len)) {
		c->ok = false;
	} else if (c->decodes) {
		memcpy(text, bytes, len);
		text[len] = '\0';
	} else {
		buf_put_bytes(&c->out, text, len);
	}
}

static bool
lines_ok(const struct msg_text *text)
{
	for (size_t i = 0; i < text->len; i++) {
		unsigned char c = (unsigned char)text->at[i];

		if ((c < 0x20 && c != '\n') || c == 0x7f)
			return false;
	}
	return true;
}

/* The texts of one message have one bound: what came before counts. */
static void
code_lines(struct codec *c, const struct field *f, struct msg_text *text)
{
	uint8_t high = (uint8_t)(text->len >> 8), low = (uint8_t)text->len;

	code_u8(c, &high);
	code_u8(c, &low);
	if (c->decodes) {
		text->len = (size_t)high << 8 | low;
		text->at = (const char *)buf_get_bytes(&c->in, text->len);
		if (!text->at)
			text->len = 0;
	}
	c->ok = c->ok && text->len >= (size_t)f->low &&
	        text->len <= (size_t)f->high - c->text_len && lines_ok(text);
	if (!c->ok)
		return;
	c->text_len += text->len;
	if (!c->decodes && text->len > 0)
		buf_put_bytes(&c->out, text->at, text->len);
}

static void
code_data(struct codec *c, const struct field *f, struct msg_frame *m)
{
	if (c->decodes) {
		m->data_len = buf_left(&c->in);
		m->data = buf_get_bytes(&c->in, m->data_len);
		c->in.bad |= m->data_len == 0;
	}
	c->ok &= m->data_len >= (size_t)f->low && m->data_len <= (size_t)f->high;
	if (!c->decodes && c->ok)
		buf_put_bytes(&c->out, m->data, m->data_len);
}

static bool
number_ok(const struct field *f, int64_t value)
{
	return value >= f->low && value <= f->high;
}

/* `at` is a field of a struct msg, so it is aligned for what it holds. */
static void
code_field(struct codec *c, const struct field *f, void *at)
{
	struct msg_serial *serial = at;
	struct vote *vote = at;
	uint8_t byte;

	switch (f->kind) {
	case FIELD_U8:
		code_u8(c, at);
		c->ok &= number_ok(f, *(uint8_t *)at);
		break;
	case FIELD_BOOL:
		byte = *(bool *)at;
		code_u8(c, &byte);
		c->ok &= number_ok(f, byte);
		if (c->decodes)
			*(bool *)at = byte != 0;
		break;
	case FIELD_I64:
		code_u64(c, at);
		c->ok &= number_ok(f, *(int64_t *)at);
		break;
	case FIELD_U64:
		code_u64(c, at);
		c->ok &= *(uint64_t *)at >= (uint64_t)f->low;
		break;
	case FIELD_SERIAL:
		code_u64(c, &serial->generation);
		code_u64(c, &serial->count);
		c->ok &= serial->generation || serial->count;
		break;
	case FIELD_VOTE:
		code_u64(c, (uint64_t *)&vote->leader);
		code_u64(c, (uint64_t *)&vote->zxid);
		code_u64(c, (uint64_t *)&vote->round);
		code_u64(c, (uint64_t *)&vote->epoch);
		code_u64(c, (uint64_t *)&vote->priority);
		break;
	case FIELD_STATE:
		byte = (uint8_t) * (int32_t *)at;
		code_u8(c, &byte);
		if (c->decodes)
			*(int32_t *)at = byte;
		c->ok &= number_ok(f, *(int32_t *)at);
		break;
	case FIELD_NAME:
	case FIELD_BUILD:
	case FIELD_PATH:
		code_text(c, f, at);
		break;
	case FIELD_TEXT:
		code_lines(c, f, at);
		break;
	case FIELD_DATA:
		code_data(c, f, at);
		break;
	case FIELD_END:
		break;
	}
}

static void
code_fields(struct codec *c, struct msg *m)
{
	for (const struct field *f = layouts[m->type].fields; f->kind != FIELD_END; f++)
		code_field(c, f, (char *)m + f->at);
}

size_t
msg_encode(const struct msg *m, void *data, size_t cap)
{
	struct codec c = {.ok = true};

	if (!msg_def(m->type))
		return 0;
	buf_out_init(&c.out, data, cap);
	buf_put_u8(&c.out, MAGIC_HIGH);
	buf_put_u8(&c.out, MAGIC_LOW);
	buf_put_u8(&c.out, MSG_SET);
	buf_put_u8(&c.out, (uint8_t)m->type);
	code_fields(&c, (struct msg *)m); /* which it only reads */
	return c.ok && !c.out.bad ? c.out.len : 0;
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
	struct codec c = {.decodes = true, .ok = true};
	enum msg_result r;

	memset(m, 0, sizeof(*m));
	buf_in_init(&c.in, data, len);
	r = get_head(&c.in, &m->type);
	if (r != MSG_OK)
		return r;
	code_fields(&c, m);
	if (c.in.bad)
		return MSG_SHORT;
	if (buf_left(&c.in) > 0)
		return MSG_LONG;
	return c.ok ? MSG_OK : MSG_RANGE;
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

/* The words for the enums, for logs, status and tests. */
const char *
msg_link_name(enum msg_link l)
{
	static const char *const words[] = {
	    [0] = "?",
	    [MSG_LINK_DOWN] = "down",
	    [MSG_LINK_CONNECTING] = "connecting",
	    [MSG_LINK_UP] = "up",
	};

	return (unsigned)l <= MSG_LINK_UP ? words[l] : "?";
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
	    [MSG_REASON_TLS] = "tls",
	    [MSG_REASON_IDENTITY] = "identity",
	};

	return (unsigned)r < MSG_REASONS ? words[r] : "?";
}

bool
msg_reason_is_answer(enum msg_reason r)
{
	return r == MSG_REASON_TLS || r == MSG_REASON_IDENTITY;
}

const char *
msg_look_reason_name(enum msg_look_reason r)
{
	static const char *const words[MSG_LOOK_REASONS] = {
	    [MSG_LOOK_START] = "start",     [MSG_LOOK_LEADER] = "leader",
	    [MSG_LOOK_QUORUM] = "quorum",   [MSG_LOOK_TIMEOUT] = "timeout",
	    [MSG_LOOK_REFUSED] = "refused", [MSG_LOOK_EPOCH] = "epoch",
	    [MSG_LOOK_DOUBT] = "doubt",     [MSG_LOOK_DISK] = "disk",
	    [MSG_LOOK_MEMBERS] = "members", [MSG_LOOK_RELEASED] = "released",
	};

	return (unsigned)r < MSG_LOOK_REASONS ? words[r] : "?";
}
