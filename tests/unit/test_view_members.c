/* Memberships, as status, health, metrics, `conclave members` and `conclave wait` show
 * what the peer says of them. */
#include "tests/unit/view_kit.h"
#include "view/health.h"
#include "view/members_list.h"
#include "view/members_text.h"
#include "view/members_wait.h"
#include "view/metrics.h"
#include "view/status.h"
#include "view/why.h"

#include <stdio.h>
#include <stdlib.h>

#define ROW(name, pid)                                                                   \
	"{\"name\":\"" name "\",\"pid\":" #pid                                           \
	",\"state\":\"ready\",\"reason\":\"\",\"generation\":3}"
#define ROWS                                                                             \
	"{\"who\":\"conclaved\",\"processes\":[" ROW("conclaved", 1) "," ROW(            \
	    "connmgr", 2) "," ROW("elector", 3) "," ROW("peer", 4) "]}"

/* A server that is well but for `members`, with a leader (or "null"), that looks since
 * `since_ms`. */
static void
answer(const char *leader, int since_ms, const char *members)
{
	char text[2048];

	again();
	add("conclaved", 0, 1, ROWS);
	add("connmgr", 0, 2,
	    "{\"who\":\"connmgr\",\"degraded\":\"\",\"listeners\":[],\"remotes\":["
	    "{\"id\":2,\"lane\":\"election\",\"link\":\"up\",\"reason\":\"\","
	    "\"since_ms\":99},{\"id\":3,\"lane\":\"election\",\"link\":\"down\","
	    "\"reason\":\"refused\",\"since_ms\":99}]}");
	add("elector-main", 0, 3,
	    "{\"who\":\"elector\",\"active\":true,\"generation\":3,\"remotes\":[]}");
	snprintf(text, sizeof(text),
	         "{\"who\":\"peer\",\"generation\":3,\"reason\":\"\",\"warning\":\"\","
	         "\"obstacle\":\"\",\"state\":\"looking\",\"phase\":\"election\","
	         "\"leader\":%s,\"looking\":{\"since_ms\":%d,\"last\":\"start\","
	         "\"tried\":null,\"text\":\"none yet\"},\"members\":%s}",
	         leader, since_ms, members);
	add("peer", 0, 4, text);
}

#define SAID(state, missing, other)                                                      \
	"{\"version\":3,\"wished\":4,\"joint\":false,\"from\":3,\"to\":4,\"state\":"     \
	"\"" state "\",\"missing\":[" missing "],\"other\":" other                       \
	",\"times\":4,\"other_timing\":false,\"text\":\"it is " state "\"}"

enum { WELL, NOTED, WARNED, STUCK };

static const struct {
	const char *said;
	int level;
	/* the causes of a looking, and the sentence; NULL: it is none */
	const char *causes, *sentence;
} cases[] = {
    {"{\"version\":3,\"wished\":3,\"joint\":false,\"state\":\"in-force\",\"missing\":[],"
     "\"text\":\"\"}",
     WELL, NULL, NULL},
    {SAID("founding-waits", "2,3", "null"), NOTED, "founding_waits not_linked",
     "it is founding-waits (server 3 refused)"},
    {SAID("founding-waits", "2", "null"), NOTED, "founding_waits",
     "it is founding-waits"},
    {SAID("founding-waits", "", "null"), NOTED, NULL, NULL},
    {SAID("founding-differs", "", "2"), STUCK, "founding_differs",
     "it is founding-differs"},
    {SAID("no-group", "", "null"), STUCK, "no_group", "it is no-group"},
    {SAID("waits-join", "3", "null"), WARNED, NULL, NULL},
    {SAID("under-way", "3", "null"), NOTED, NULL, NULL},
    {SAID("given-up", "3", "null"), WARNED, NULL, NULL},
    {SAID("left-joint", "1,3", "null"), STUCK, "left_joint not_linked",
     "it is left-joint (server 3 refused)"},
    {SAID("file-older", "", "null"), WARNED, NULL, NULL},
    {SAID("two-files", "", "2"), WARNED, NULL, NULL},
    {SAID("new-disk", "", "2"), NOTED, NULL, NULL},
    {SAID("new-disk-waits", "3", "1"), STUCK, "new_disk_waits not_linked",
     "it is new-disk-waits (server 3 refused)"},
    {SAID("removed", "", "null"), NOTED, "removed", "it is removed"},
    {SAID("disk-changes", "", "2"), WARNED, NULL, NULL},
    {SAID("of-a-later-version", "", "null"), WELL, NULL, NULL},
    {"null", WELL, NULL, NULL},
};

static const char *
first(const json_t *list)
{
	const char *text = json_string_value(json_array_get(list, 0));

	return text ? text : "";
}

/* Of each state: notes and reasons, each its own sentence or nothing, and the verdict
 * with a leader and without. */
static void
health(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int led = 0; led < 2; led++) {
			enum verdict_kind kind, want = VERDICT_HEALTHY;
			int level = cases[i].level;
			const json_t *members;
			json_t *h;

			if (level >= WARNED)
				want = level == STUCK && !led ? VERDICT_FAILING
				                              : VERDICT_DEGRADED;
			answer(led ? "2" : "null", 100, cases[i].said);
			members = json_object_get(asks_answer(&asks, "peer"), "members");
			h = health_merge(&conf, &asks, &kind);
			if (kind != want)
				fail_msg("%s: verdict %s", cases[i].said,
				         verdict_name(kind));
			assert_string_equal(
			    first(json_object_get(h, "reasons")),
			    level >= WARNED ? member_string(members, "text") : "");
			assert_string_equal(
			    first(json_object_get(h, "notes")),
			    level == NOTED ? member_string(members, "text") : "");
			assert_true(json_equal(json_object_get(h, "members"), members));
			json_decref(h);
		}
	}
}

static void
looking(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const json_t *row;
		char got[128] = "";
		json_t *why;
		size_t at;

		answer("null", 5000, cases[i].said);
		why = why_looking(&conf, &asks);
		json_array_foreach (json_object_get(why, "causes"), at, row)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s",
			         at > 0 ? " " : "", member_string(row, "cause"));
		assert_string_equal(got, cases[i].causes ? cases[i].causes : "electing");
		if (cases[i].sentence)
			assert_string_equal(member_string(why, "text"),
			                    cases[i].sentence);
		json_decref(why);
	}
}

/* Who is missing is told once: how many voters are needed is no matter then. */
static void
looking_alone(void **state)
{
	json_t *why;

	(void)state;
	answer("null", 5000, SAID("founding-waits", "2,3", "null"));
	json_object_set_new(
	    json_array_get(json_object_get(asks_answer(&asks, "connmgr"), "remotes"), 0),
	    "link", json_string("down"));
	why = why_looking(&conf, &asks);
	assert_string_equal(
	    member_string(why, "text"),
	    "it is founding-waits (server 2 is not linked, server 3 refused)");
	assert_int_equal(json_array_size(json_object_get(why, "causes")), 3);
	json_decref(why);
}

/* The first second is an election, whatever is said. The cause names the server whose
 * file or disk it is. */
static void
looking_for_a_moment(void **state)
{
	json_t *why;

	(void)state;
	answer("null", 999, SAID("left-joint", "3", "null"));
	why = why_looking(&conf, &asks);
	assert_int_equal(json_array_size(json_object_get(why, "causes")), 1);
	assert_int_equal(strncmp(member_string(why, "text"), "election under way", 18),
	                 0);
	json_decref(why);
	answer("null", 1000, SAID("founding-differs", "", "2"));
	why = why_looking(&conf, &asks);
	assert_int_equal(
	    member_number(json_array_get(json_object_get(why, "causes"), 0), "id"), 2);
	json_decref(why);
	answer("null", 1000, SAID("left-joint", "", "2"));
	why = why_looking(&conf, &asks);
	assert_true(json_is_null(
	    json_object_get(json_array_get(json_object_get(why, "causes"), 0), "id")));
	json_decref(why);
}

/* N14 */
static void
timing(void **state)
{
	enum verdict_kind kind;
	json_t *h;

	(void)state;
	answer("2", 0,
	       "{\"version\":3,\"wished\":3,\"state\":\"in-force\",\"missing\":[],"
	       "\"other_timing\":true,\"text\":\"\"}");
	h = health_merge(&conf, &asks, &kind);
	assert_int_equal(kind, VERDICT_HEALTHY);
	assert_int_equal(json_array_size(json_object_get(h, "notes")), 1);
	assert_non_null(strstr(first(json_object_get(h, "notes")), "of the leader"));
	json_decref(h);
}

/* A watch of health prints again when another sentence is said. */
static void
essence(void **state)
{
	enum verdict_kind kind;
	json_t *h, *one, *other;

	(void)state;
	answer("2", 0, SAID("under-way", "3", "null"));
	h = health_merge(&conf, &asks, &kind);
	one = health_essence(h);
	json_decref(h);
	answer("2", 0, SAID("new-disk", "", "2"));
	h = health_merge(&conf, &asks, &kind);
	other = health_essence(h);
	assert_false(json_equal(one, other));
	json_decref(h);
	json_decref(one);
	json_decref(other);
}

static void
status(void **state)
{
	json_t *s;

	(void)state;
	answer("2", 0, SAID("under-way", "3", "null"));
	s = status_merge(&conf, &asks);
	assert_true(json_equal(json_object_get(s, "members"),
	                       json_object_get(asks_answer(&asks, "peer"), "members")));
	json_decref(s);
	again();
	s = status_merge(&conf, &asks);
	assert_true(json_is_null(json_object_get(s, "members")));
	json_decref(s);
}

static void
metrics(void **state)
{
	static const char *const lines[] = {
	    "\nconclave_members_version 3\n", "\nconclave_members_wished 4\n",
	    "\nconclave_members_joint 1\n", "\nconclave_members_missing 2\n"};
	static char page[METRICS_TEXT_MAX];
	struct buf_out out;
	json_t *none = json_object();

	(void)state;
	for (int said = 0; said < 2; said++) {
		answer("2", 0,
		       said ? "{\"version\":3,\"wished\":4,\"joint\":true,"
		              "\"missing\":[2,3]}"
		            : "{\"version\":null}");
		buf_out_init(&out, page, sizeof(page) - 1);
		metrics_put(none, &asks, &out);
		page[out.len] = '\0';
		for (unsigned i = 0; i < 4; i++)
			assert_int_equal(strstr(page, lines[i]) != NULL, said);
		assert_int_equal(strstr(page, "conclave_members") != NULL, said);
	}
	json_decref(none);
}

#define SERVER(id, role, weight, group)                                                  \
	"{\"id\":" #id ",\"role\":\"" role "\",\"weight\":" #weight ",\"group\":" #group \
	"}"
#define OLD                                                                              \
	"{\"version\":3,\"servers\":[" SERVER(1, "participant", 1, null) "," SERVER(     \
	    2, "participant", 1, null) "]}"
#define NEW                                                                              \
	"{\"version\":4,\"servers\":[" SERVER(1, "participant", 3,                       \
	                                      7) "," SERVER(9, "observer", 0, null) "]}"

/* The rows as "id in_force/next/file note", `-` for null, with a line each. */
static void
expect_rows(const char *members, const char *want)
{
	json_t *said = json_loads(members, JSON_DECODE_ANY, NULL), *row;
	json_t *rows = members_list(&conf, said);
	char got[1024] = "", text[3][64];
	size_t i;

	json_array_foreach (rows, i, row) {
		assert_int_equal(json_object_size(row), 5);
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%d %s/%s/%s %s\n",
		         (int)member_number(row, "id"),
		         member_text(row, "in_force", text[0], sizeof(text[0])),
		         member_text(row, "next", text[1], sizeof(text[1])),
		         member_text(row, "file", text[2], sizeof(text[2])),
		         member_string(row, "note"));
	}
	assert_string_equal(got, want);
	json_decref(rows);
	json_decref(said);
}

static void
list(void **state)
{
	(void)state;
	conf.servers[1].weight = 2;
	conf.servers[2].observer = true;
	expect_rows("null", "1 -/-/participant this server\n"
	                    "2 -/-/participant, weight 2 \n"
	                    "3 -/-/observer \n");
	expect_rows("{\"state\":\"in-force\",\"missing\":[],\"other\":null,"
	            "\"record\":{\"epoch\":5,\"old\":null,\"new\":" OLD "}}",
	            "1 participant/-/participant this server\n"
	            "2 participant/-/participant, weight 2 \n"
	            "3 -/-/observer \n");
	expect_rows("{\"state\":\"under-way\",\"missing\":[9,2],\"other\":null,"
	            "\"other_timing\":true,"
	            "\"record\":{\"epoch\":5,\"old\":" OLD ",\"new\":" NEW "}}",
	            "1 participant/participant, weight 3, group 7/participant this "
	            "server, timing unlike the leader's\n"
	            "2 participant/-/participant, weight 2 missing\n"
	            "3 -/-/observer \n"
	            "9 -/observer/- missing\n");
	conf.zab = true;
	conf.servers[0].priority = 5;
	expect_rows(
	    "{\"record\":{\"old\":null,\"new\":{\"servers\":[{\"id\":1,\"weight\":1,"
	    "\"role\":\"participant\",\"group\":7,\"priority\":4}]}}}",
	    "1 participant, group 7, priority 4/-/participant, priority 5 this "
	    "server\n"
	    "2 -/-/participant, weight 2 \n"
	    "3 -/-/observer \n");
}

static void
notes(void **state)
{
	static const char *const pairs[][2] = {
	    {"founding-differs", "another file"},
	    {"two-files", "another file"},
	    {"new-disk", "new disk"},
	    {"new-disk-waits", "new disk"},
	    {"disk-changes", "many new disks"},
	    {"removed", ""},
	    {"in-force", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char said[256], want[256];

		snprintf(said, sizeof(said),
		         "{\"state\":\"%s\",\"missing\":[],\"other\":2}", pairs[i][0]);
		snprintf(want, sizeof(want),
		         "1 -/-/participant this server\n2 -/-/participant %s\n"
		         "3 -/-/participant \n",
		         pairs[i][1]);
		expect_rows(said, want);
	}
}

static void
ids(void **state)
{
	json_t *m = json_loads(NEW, 0, NULL);
	char text[16], small[3];

	(void)state;
	assert_string_equal(members_list_ids(m, text, sizeof(text)), "1 9");
	assert_int_equal(strncmp(members_list_ids(m, small, sizeof(small)), "1", 1), 0);
	assert_string_equal(members_list_ids(NULL, text, sizeof(text)), "");
	json_decref(m);
}

static void
waiting(void **state)
{
	static const struct {
		const char *members;
		enum members_wait want;
		const char *why;
	} rows[] = {
	    {"null", MEMBERS_WAIT_MORE, "members 4 are not in force yet"},
	    {"{\"version\":null,\"wished\":4,\"text\":\"founding\"}", MEMBERS_WAIT_MORE,
	     "founding"},
	    {"{\"version\":3,\"wished\":4,\"text\":\"\"}", MEMBERS_WAIT_MORE,
	     "members 4 are not in force yet"},
	    {"{\"version\":3,\"wished\":3,\"text\":\"\"}", MEMBERS_WAIT_MORE,
	     "this server goes by a file of version 3: write version 4, then conclave "
	     "reload"},
	    {"{\"version\":3,\"wished\":4,\"joint\":true,\"text\":\"3 → 4\"}",
	     MEMBERS_WAIT_MORE, "3 → 4"},
	    {"{\"version\":4,\"wished\":4,\"text\":\"\"}", MEMBERS_WAIT_REACHED,
	     "members 4 are in force"},
	    {"{\"version\":4,\"wished\":3,\"text\":\"removed\"}", MEMBERS_WAIT_REACHED,
	     "members 4 are in force"},
	    {"{\"version\":5,\"wished\":4,\"text\":\"file older\"}", MEMBERS_WAIT_PASSED,
	     "members 5 are in force"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *m = json_loads(rows[i].members, JSON_DECODE_ANY, NULL);
		char why[MEMBERS_SENTENCE_MAX];

		assert_non_null(m);
		assert_int_equal(members_wait(m, 4, why, sizeof(why)), rows[i].want);
		assert_string_equal(why, rows[i].why);
		json_decref(m);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(health),        TEST(looking), TEST(looking_for_a_moment),
	    TEST(looking_alone), TEST(timing),  TEST(essence),
	    TEST(status),        TEST(metrics), TEST(list),
	    TEST(notes),         TEST(ids),     TEST(waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
