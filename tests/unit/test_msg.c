/* Every message of ipc/msg.h: there and back, and each way in which one is refused. */
#include "tests/unit/msg_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool
is_frame(int type)
{
	return type == MSG_FRAME_IN || type == MSG_FRAME_OUT;
}

static void
test_round_trip(void **state)
{
	unsigned char packet[MSG_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(frame_bytes); i++)
		frame_bytes[i] = (unsigned char)(i * 7);
	for (int type = 1; type < MSG_TYPES; type++) {
		for (enum sample s = 0; s < SAMPLES; s++) {
			struct msg in = sample((enum msg_type)type, s), out;
			size_t len = msg_encode(&in, packet, sizeof(packet));

			assert_true(len >= 4 && len <= MSG_MAX);
			memset(&out, 0xaa, sizeof(out));
			assert_int_equal(msg_decode(packet, len, &out), MSG_OK);
			if (is_frame((int)in.type)) {
				assert_memory_equal(out.u.frame.data, frame_bytes,
				                    in.u.frame.data_len);
				assert_ptr_equal(out.u.frame.data, packet + 21);
				out.u.frame.data = frame_bytes;
			}
			if (in.type == MSG_MEMBERS)
				continue; /* test_msg_members */
			if (in.type == MSG_WHERE) {
				assert_memory_equal(out.u.where.at.at, in.u.where.at.at,
				                    in.u.where.at.len);
				out.u.where.at.at = in.u.where.at.at;
			}
			assert_memory_equal(&out, &in, sizeof(in));
		}
	}
}

/* Exactly enough room is enough, one byte less is not. */
static void
test_room(void **state)
{
	unsigned char packet[MSG_MAX];

	(void)state;
	for (int type = 1; type < MSG_TYPES; type++) {
		struct msg m = sample((enum msg_type)type, SAMPLE_HIGH);
		size_t len = msg_encode(&m, packet, sizeof(packet));

		assert_int_equal(msg_encode(&m, packet, len), len);
		assert_int_equal(msg_encode(&m, packet, len - 1), 0);
		assert_int_equal(msg_encode(&m, packet, 0), 0);
	}
}

static void
test_truncated(void **state)
{
	unsigned char packet[MSG_MAX + 1];
	struct msg out;

	(void)state;
	for (int type = 1; type < MSG_TYPES; type++) {
		/* a shorter frame is a frame: the shortest one is cut */
		enum sample s = is_frame(type)        ? SAMPLE_LOW
		                : type == MSG_MEMBERS ? SAMPLE_PLAIN
		                                      : SAMPLE_HIGH;
		struct msg m = sample((enum msg_type)type, s);
		size_t len = msg_encode(&m, packet, sizeof(packet));

		for (size_t cut = 0; cut < len; cut++)
			assert_int_equal(msg_decode(packet, cut, &out), MSG_SHORT);
	}
}

static void
test_too_long(void **state)
{
	static unsigned char packet[MSG_MAX + 64];
	struct msg out;

	(void)state;
	for (int type = 1; type < MSG_TYPES; type++) {
		struct msg m = sample((enum msg_type)type, SAMPLE_HIGH);
		size_t len = msg_encode(&m, packet, sizeof(packet));

		packet[len] = 0;
		assert_int_equal(msg_decode(packet, len + 1, &out),
		                 is_frame(type) ? MSG_RANGE : MSG_LONG);
	}
}

static void
test_head(void **state)
{
	static const struct {
		unsigned char head[4];
		enum msg_result want;
	} cases[] = {
	    {{0x43, 0x6c, MSG_SET, MSG_SYNCED}, MSG_OK},
	    {{0x43, 0x6c, MSG_SET, MSG_ABSENT}, MSG_OK},
	    {{0x42, 0x6c, MSG_SET, MSG_SYNCED}, MSG_MAGIC},
	    {{0x43, 0x6d, MSG_SET, MSG_SYNCED}, MSG_MAGIC},
	    {{0x6c, 0x43, MSG_SET, MSG_SYNCED}, MSG_MAGIC},
	    {{0x43, 0x6c, MSG_SET + 1, MSG_SYNCED}, MSG_VERSION},
	    {{0x43, 0x6c, 0, MSG_SYNCED}, MSG_VERSION},
	    {{0x43, 0x6c, MSG_SET, 0}, MSG_UNKNOWN},
	    {{0x43, 0x6c, MSG_SET, MSG_TYPES}, MSG_UNKNOWN},
	    {{0x43, 0x6c, MSG_SET, 0xff}, MSG_UNKNOWN},
	};
	struct msg out;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(msg_decode(cases[i].head, 4, &out), cases[i].want);
}

/* What no encoder of ours writes: one byte of a good packet, changed. */
static void
test_bytes_out_of_range(void **state)
{
	static const struct {
		enum msg_type type;
		size_t at;
		unsigned char value;
		enum msg_result want;
	} cases[] = {
	    {MSG_ATTACH, 4, 0, MSG_RANGE}, /* who */
	    {MSG_ATTACH, 4, 3, MSG_RANGE},
	    {MSG_ATTACH, 5, 1, MSG_SHORT}, /* name: a length of 266 */
	    {MSG_ATTACH, 7, '/', MSG_RANGE},
	    {MSG_ATTACH, 8, ' ', MSG_RANGE},
	    {MSG_ATTACH, 9, 0, MSG_RANGE},
	    {MSG_ATTACH, 9, 0xc3, MSG_RANGE},
	    {MSG_ATTACH, 9, '+', MSG_RANGE},
	    {MSG_ATTACH, 17, 1, MSG_RANGE}, /* pid */
	    {MSG_ATTACH, 17, 0x80, MSG_RANGE},
	    {MSG_ATTACH, 27, '"', MSG_RANGE},   /* build */
	    {MSG_ATTACH, 42, 0, MSG_RANGE},     /* set */
	    {MSG_ATTACHED, 14, 'r', MSG_RANGE}, /* path */
	    {MSG_ATTACHED, 20, 0, MSG_RANGE},
	    {MSG_ATTACHED, 20, '\n', MSG_RANGE},
	    {MSG_ATTACHED, 20, 0x7f, MSG_RANGE},
	    {MSG_ATTACHED, 20, 0xc3, MSG_OK},
	    {MSG_SUPERSEDED, 4, 2, MSG_RANGE},
	    {MSG_SUPERSEDED, 4, 0xff, MSG_RANGE},
	    {MSG_REMOTE, 4, 0, MSG_RANGE}, /* lane */
	    {MSG_REMOTE, 4, 3, MSG_RANGE},
	    {MSG_REMOTE, 13, 0, MSG_RANGE}, /* link */
	    {MSG_REMOTE, 13, 4, MSG_RANGE},
	    {MSG_REMOTE, 14, MSG_REASONS, MSG_RANGE},
	    {MSG_REMOTE, 15, 2, MSG_RANGE}, /* was_up */
	    {MSG_REMOTE, 24, 2, MSG_RANGE}, /* dialled */
	    {MSG_FRAME_IN, 4, 0, MSG_RANGE},
	    {MSG_FRAME_OUT, 4, 3, MSG_RANGE},
	    {MSG_CONNECT, 4, 0, MSG_RANGE},
	    {MSG_CONNECT, 21, MSG_REASONS, MSG_RANGE},
	    {MSG_DISCONNECT, 4, 9, MSG_RANGE},
	    {MSG_DISCONNECT, 21, 0xff, MSG_RANGE},
	    {MSG_LOOK, 20, 0x80, MSG_RANGE}, /* sid: negative */
	    {MSG_LOOK, 52, 2, MSG_RANGE},    /* gave_up */
	    {MSG_LOOK, 61, MSG_LOOK_REASONS, MSG_RANGE},
	    {MSG_DECIDED, 20, NOTIF_LOOKING, MSG_RANGE},
	    {MSG_DECIDED, 20, NOTIF_OBSERVING + 1, MSG_RANGE},
	    {MSG_ROLE, 20, NOTIF_LOOKING, MSG_RANGE},
	    {MSG_ROLE, 20, NOTIF_OBSERVING + 1, MSG_RANGE},
	};
	unsigned char packet[MSG_MAX];
	struct msg out;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct msg m = sample(cases[i].type, SAMPLE_PLAIN);
		size_t len = msg_encode(&m, packet, sizeof(packet));

		assert_true(cases[i].at < len);
		assert_int_not_equal(packet[cases[i].at], cases[i].value);
		packet[cases[i].at] = cases[i].value;
		if (msg_decode(packet, len, &out) != cases[i].want)
			fail_msg("case %zu (%s)", i, msg_def(cases[i].type)->name);
	}
}

static void
test_texts(void **state)
{
	static const unsigned char no_name[] = {0x43, 0x6c, MSG_SET, MSG_ATTACH, 1, 0, 0};
	unsigned char packet[MSG_MAX];
	struct msg m, out;
	size_t len;

	(void)state;
	/* an empty name: the rest of a good packet follows it */
	m = sample(MSG_ATTACH, SAMPLE_LOW);
	len = msg_encode(&m, packet, sizeof(packet));
	memmove(packet + 7, packet + 8, len - 8);
	memcpy(packet, no_name, sizeof(no_name));
	assert_int_equal(msg_decode(packet, len - 1, &out), MSG_RANGE);
	/* a path one byte too long for its room, and the root, which is no socket */
	m = sample(MSG_ATTACHED, SAMPLE_HIGH);
	len = msg_encode(&m, packet, sizeof(packet));
	packet[13]++;
	packet[len] = 'z';
	assert_int_equal(msg_decode(packet, len + 1, &out), MSG_RANGE);
	packet[13] = 1;
	assert_int_equal(msg_decode(packet, 15, &out), MSG_RANGE);
}

/* A message that nobody may say is not encoded. */
static void
test_not_encoded(void **state)
{
	unsigned char packet[MSG_MAX];
	static struct msg bad[40];
	unsigned n = 0;

#define BAD(type, change)                                                                \
	do {                                                                             \
		struct msg m = sample(type, SAMPLE_PLAIN);                               \
		change;                                                                  \
		bad[n++] = m;                                                            \
	} while (0)
	(void)state;
	BAD(MSG_ATTACH, m.u.attach.who = 0);
	BAD(MSG_ATTACH, m.u.attach.name[0] = '\0');
	BAD(MSG_ATTACH, m.u.attach.name[0] = '/');
	BAD(MSG_ATTACH, memset(m.u.attach.name, 'a', PATHS_NAME_MAX));
	BAD(MSG_ATTACH, m.u.attach.pid = 0);
	BAD(MSG_ATTACH, m.u.attach.pid = (int64_t)INT32_MAX + 1);
	BAD(MSG_ATTACH, m.u.attach.build[0] = '\0');
	BAD(MSG_ATTACH, m.u.attach.set = 0);
	BAD(MSG_ATTACHED, m.u.attached.path[0] = 'a');
	BAD(MSG_ATTACHED, memset(m.u.attached.path, '/', MSG_PATH_MAX));
	BAD(MSG_ACTIVATE, m.u.hello.generation = 0);
	BAD(MSG_REMOTE, m.u.remote.lane = 0);
	BAD(MSG_REMOTE, m.u.remote.sid = MSG_ALL);
	BAD(MSG_REMOTE, m.u.remote.link = 4);
	BAD(MSG_REMOTE, m.u.remote.reason = MSG_REASONS);
	BAD(MSG_FRAME_IN, m.u.frame.sid = MSG_ALL);
	BAD(MSG_FRAME_IN, m.u.frame.data_len = 0);
	BAD(MSG_FRAME_OUT, m.u.frame.data_len = MSG_FRAME_MAX + 1);
	BAD(MSG_FRAME_OUT, m.u.frame.data_len = SIZE_MAX);
	BAD(MSG_CONNECT, m.u.connect.lane = 3);
	BAD(MSG_TAKE, m.u.take.sid = MSG_ALL);
	BAD(MSG_TAKE, m.u.take.number = 0);
	BAD(MSG_LOOK, m.u.look.serial = (struct msg_serial){0});
	BAD(MSG_LOOK, m.u.look.sid = -1);
	BAD(MSG_LOOK, m.u.look.reason = MSG_LOOK_REASONS);
	BAD(MSG_DECIDED, m.u.decided.serial = (struct msg_serial){0});
	BAD(MSG_DECIDED, m.u.decided.vote.state = NOTIF_LOOKING);
	BAD(MSG_DOUBT, m.u.doubt.serial = (struct msg_serial){0});
	BAD(MSG_DOUBT, m.u.doubt.sid = MSG_ALL);
	BAD(MSG_ROLE, m.u.role.serial = (struct msg_serial){0});
	BAD(MSG_ROLE, m.u.role.vote.state = 4);
	BAD(MSG_STATE, m.u.state.serial = (struct msg_serial){0});
	BAD(MSG_SYNCED, m.type = MSG_TYPES);
	BAD(MSG_SYNCED, m.type = (enum msg_type)0);
#undef BAD
	for (unsigned i = 0; i < n; i++)
		if (msg_encode(&bad[i], packet, sizeof(packet)) != 0)
			fail_msg("bad message %u was encoded", i);
}

/* The same on the way in: what is none there, all zero or MSG_ALL. */
static void
test_fields_out_of_range(void **state)
{
	static const struct {
		enum msg_type type;
		size_t at;
		const char *bytes;
		size_t count;
	} cases[] = {
	    {MSG_LOOK, 4, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16},
	    {MSG_DECIDED, 4, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16},
	    {MSG_DOUBT, 4, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16},
	    {MSG_ROLE, 4, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16},
	    {MSG_STATE, 4, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16},
	    {MSG_ACTIVATE, 4, "\0\0\0\0\0\0\0", 8},
	    {MSG_ATTACH, 17, "\0\0\0\0\0\0\0", 8},
	    {MSG_REMOTE, 5, "\x80\0\0\0\0\0\0", 8},
	    {MSG_FRAME_IN, 5, "\x80\0\0\0\0\0\0", 8},
	    {MSG_FRAME_OUT, 5, "\x80\0\0\0\0\0\0", 8},
	    {MSG_TAKE, 12, "\0\0\0\0\0\0\0", 8},
	    {MSG_DOUBT, 20, "\x80\0\0\0\0\0\0", 8},
	};
	unsigned char packet[MSG_MAX];
	struct msg out;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct msg m = sample(cases[i].type, SAMPLE_PLAIN);
		size_t len = msg_encode(&m, packet, sizeof(packet));

		memcpy(packet + cases[i].at, cases[i].bytes, cases[i].count);
		if (msg_decode(packet, len, &out) != MSG_RANGE)
			fail_msg("case %zu (%s)", i, msg_def(cases[i].type)->name);
	}
}

/* The bytes themselves, so that the encoder and the decoder cannot err alike. */
static void
test_bytes(void **state)
{
	static const unsigned char want[] = {
	    0x43, 0x6c, 6,   1,                         /* magic, set, attach */
	    2,                                          /* the peer */
	    0,    2,    'm', '1',                       /* name */
	    0,    0,    0,   0,   0,   0,   0x12, 0x67, /* pid 4711 */
	    0,    5,    '0', '.', '1', '.', '0',        /* build */
	    6,                                          /* set */
	    1,    2,    3,   4,   5,   6,   7,    8,    /* generation */
	};
	struct msg m = {.type = MSG_ATTACH,
	                .u.attach = {.who = MSG_WHO_PEER,
	                             .name = "m1",
	                             .pid = 4711,
	                             .build = "0.1.0",
	                             .set = MSG_SET,
	                             .generation = 0x0102030405060708}};
	unsigned char packet[MSG_MAX];

	(void)state;
	assert_int_equal(msg_encode(&m, packet, sizeof(packet)), sizeof(want));
	assert_memory_equal(packet, want, sizeof(want));
}

/* fuzz_msg begins with one file for each message. The fuzzer puts the number of the set
 * into them, as is done here. */
static void
test_fuzz_corpus(void **state)
{
	unsigned char packet[MSG_MAX];
	struct msg out;

	(void)state;
	for (int type = 1; type < MSG_TYPES; type++) {
		const char *name = msg_def((enum msg_type)type)->name;
		char path[64];
		FILE *f;
		size_t len;

		snprintf(path, sizeof(path), "tests/fuzz/corpus/msg/%s", name);
		f = fopen(path, "r");
		if (!f)
			fail_msg("no file %s: run this in the tree, or add it", path);
		len = fread(packet, 1, sizeof(packet), f);
		fclose(f);
		packet[2] = MSG_SET;
		if (msg_decode(packet, len, &out) != MSG_OK || (int)out.type != type)
			fail_msg("%s does not decode to this message", path);
	}
}

static void
test_table(void **state)
{
	(void)state;
	assert_null(msg_def(0));
	assert_null(msg_def(MSG_TYPES));
	assert_null(msg_def((enum msg_type) - 1));
	for (int type = 1; type < MSG_TYPES; type++) {
		const struct msg_def *def = msg_def((enum msg_type)type);

		assert_non_null(def);
		assert_true(strlen(def->name) > 0);
		assert_true(def->from > 0 && def->from < 8);
		assert_true(def->to > 0 && def->to < 8);
		assert_int_not_equal(def->keep, MSG_KEEP_NOTES);
	}
	assert_int_equal(msg_def(MSG_LOOK)->from, MSG_PEER);
	assert_int_equal(msg_def(MSG_LOOK)->to, MSG_ELECTOR);
	assert_int_equal(msg_def(MSG_DECIDED)->to, MSG_PEER | MSG_ELECTOR);
	assert_int_equal(msg_def(MSG_FRAME_IN)->from, MSG_CONNMGR);
	assert_int_equal(msg_def(MSG_STATE)->to, MSG_CONNMGR | MSG_ELECTOR);
	assert_int_equal(msg_def(MSG_ABSENT)->to, MSG_ELECTOR);
}

/* What two messages of one place overwrite is lost to a worker that attaches later. Only
 * a look, a role and an absent are meant to replace each other. */
static void
test_places(void **state)
{
	(void)state;
	for (int a = 1; a < MSG_TYPES; a++) {
		const struct msg_def *one = msg_def((enum msg_type)a);
		bool word = a == MSG_LOOK || a == MSG_ROLE || a == MSG_ABSENT;

		assert_int_equal(one->keep == MSG_KEEP_WORD, word);
		for (int b = a + 1; b < MSG_TYPES && !word; b++) {
			const struct msg_def *other = msg_def((enum msg_type)b);

			if (one->keep != MSG_KEEP_NOTHING && one->keep == other->keep)
				fail_msg("%s and %s have one place", one->name,
				         other->name);
		}
	}
}

static void
test_serials(void **state)
{
	static const struct {
		struct msg_serial a, b;
		int want;
	} cases[] = {
	    {{0, 0}, {0, 0}, 0},          {{1, 9}, {2, 0}, -1},
	    {{2, 0}, {1, UINT64_MAX}, 1}, {{1, 1}, {1, 2}, -1},
	    {{1, UINT64_MAX}, {1, 2}, 1}, {{UINT64_MAX, 0}, {0, 0}, 1},
	    {{0, 0}, {0, 1}, -1},         {{5, 5}, {5, 5}, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(msg_serial_compare(&cases[i].a, &cases[i].b),
		                 cases[i].want);
}

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(msg_link_name(MSG_LINK_UP), "up");
	assert_string_equal(msg_link_name(MSG_LINK_DOWN), "down");
	assert_string_equal(msg_link_name(MSG_LINK_CONNECTING), "connecting");
	assert_string_equal(msg_link_name((enum msg_link)0), "?");
	assert_string_equal(msg_reason_name(MSG_REASON_NONE), "");
	for (int i = 1; i < MSG_REASONS; i++)
		assert_true(strlen(msg_reason_name((enum msg_reason)i)) > 1);
	for (int i = 0; i < MSG_REASONS; i++)
		assert_int_equal(msg_reason_is_answer((enum msg_reason)i),
		                 i == MSG_REASON_TLS || i == MSG_REASON_IDENTITY);
	assert_string_equal(msg_reason_name(MSG_REASONS), "?");
	for (int i = 0; i < MSG_LOOK_REASONS; i++)
		assert_true(strlen(msg_look_reason_name((enum msg_look_reason)i)) > 1);
	assert_string_equal(msg_look_reason_name(MSG_LOOK_REASONS), "?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_room),
	    cmocka_unit_test(test_truncated),
	    cmocka_unit_test(test_too_long),
	    cmocka_unit_test(test_head),
	    cmocka_unit_test(test_bytes_out_of_range),
	    cmocka_unit_test(test_texts),
	    cmocka_unit_test(test_not_encoded),
	    cmocka_unit_test(test_fields_out_of_range),
	    cmocka_unit_test(test_bytes),
	    cmocka_unit_test(test_fuzz_corpus),
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_places),
	    cmocka_unit_test(test_serials),
	    cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
