/* view/status: what the doors said, as one object. */
#include "tests/unit/asks_kit.h"
#include "view/status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BIG_ID    "4611686018427387904"
#define BIG_ROUND "9007199254740993"

static struct conf conf;

static void
add_server(int64_t id, bool observer)
{
	conf.servers[conf.server_count++] = (struct conf_server){.id = id,
	                                                         .host = "10.0.0.1",
	                                                         .quorum_port = 2888,
	                                                         .election_port = 3888,
	                                                         .observer = observer,
	                                                         .weight = 1};
}

static int
setup(void **state)
{
	(void)state;
	memset(&conf, 0, sizeof(conf));
	memset(&asks, 0, sizeof(asks));
	conf.id = 1;
	add_server(1, false);
	add_server(2, false);
	add_server(CONF_ID_MAX, false);
	return 0;
}

/* Compares member `key` as it is printed. */
static void
check_member(const json_t *object, const char *key, const char *want)
{
	const json_t *node = json_object_get(object, key);
	char *got = node ? json_dumps(node, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	if (!got)
		fail_msg("no member %s", key);
	else if (strcmp(got, want) != 0)
		fail_msg("%s: %s, want %s", key, got, want);
	free(got);
}

static const char peer_text[] =
    "{\"who\":\"peer\",\"name\":\"main\",\"pid\":14,\"version\":\"0.1.0\",\"generation\":"
    "3,"
    "\"active\":true,\"uptime_ms\":500,\"id\":1,\"role\":\"participant\",\"zab\":true,"
    "\"state\":\"leading\",\"phase\":\"broadcast\",\"leader\":1,\"epoch\":" BIG_ROUND
    ",\"round\":" BIG_ROUND ",\"active\":true,\"lease_ms\":250,\"reason\":\"\","
    "\"claim\":\"0x2a\",\"learners\":[]}";
static const char connmgr_text[] =
    "{\"who\":\"connmgr\",\"name\":\"main\",\"pid\":12,\"version\":\"0.1.0\","
    "\"generation\":0,\"active\":true,\"uptime_ms\":900,\"degraded\":\"\","
    "\"remotes\":[{\"id\":2,\"lane\":\"learner\",\"link\":\"up\",\"reason\":\"\","
    "\"since_ms\":1,\"dialled\":false},"
    "{\"id\":2,\"lane\":\"election\",\"link\":\"connecting\","
    "\"reason\":\"refused\",\"since_ms\":1234,\"dialled\":false},{\"id\":" BIG_ID
    ",\"lane\":\"election\",\"link\":\"up\",\"reason\":\"\",\"since_ms\":77,"
    "\"dialled\":true},"
    "{\"id\":99,\"lane\":\"election\",\"link\":\"up\",\"reason\":\"\",\"since_ms\":5}]}";
static const char elector_text[] =
    "{\"who\":\"elector\",\"name\":\"main\",\"pid\":13,\"version\":\"0.1.0\","
    "\"generation\":5,\"active\":true,\"uptime_ms\":800,\"state\":\"leading\",\"round\":"
    "8,"
    "\"voters\":[1,2," BIG_ID "],\"quorum\":2,\"remotes\":[{\"id\":2,\"state\":null,"
    "\"vote\":null,\"heard_ms\":null},{\"id\":" BIG_ID
    ",\"state\":\"following\",\"vote\":{\"leader\":1,"
    "\"zxid\":\"0x100000000\",\"round\":" BIG_ROUND ",\"epoch\":4},\"heard_ms\":41000}]}";
static const char conclaved_text[] =
    "{\"who\":\"conclaved\",\"pid\":11,\"processes\":["
    "{\"name\":\"conclaved\",\"pid\":11,\"state\":\"ready\",\"version\":\"0.1.0\","
    "\"generation\":0,\"restarts\":0,\"uptime_ms\":1000,\"rss_kb\":3000,\"cpu_ms\":4,"
    "\"beat_age_ms\":0,\"reason\":\"\",\"started_us\":1,\"ready_us\":2},"
    "{\"name\":\"connmgr\",\"pid\":12,\"state\":\"ready\",\"restarts\":2},"
    "{\"name\":\"elector\",\"pid\":13,\"state\":\"ready\",\"generation\":" BIG_ROUND
    ",\"restarts\":0},{\"name\":\"peer\",\"pid\":0,\"state\":\"waiting\"}]}";

static void
all_answer(void **state)
{
	json_t *s;

	(void)state;
	add("conclaved", 0, 11, conclaved_text);
	add("connmgr", 0, 12, connmgr_text);
	add("peer", 0, 14, peer_text);
	add("elector-main", 0, 13, elector_text);
	s = status_merge(&conf, &asks);
	check_member(s, "schema", "1");
	check_member(s, "id", "1");
	check_member(s, "state", "\"leading\"");
	check_member(s, "phase", "\"broadcast\"");
	check_member(s, "leader", "1");
	check_member(s, "epoch", BIG_ROUND);
	check_member(s, "round", BIG_ROUND);
	check_member(s, "active", "true");
	check_member(s, "lease_ms", "250");
	check_member(s, "claim", "\"0x2a\"");
	check_member(s, "reason", "\"\"");
	check_member(s, "degraded", "\"\"");
	check_member(s, "voters", "[1,2," BIG_ID "]");
	check_member(s, "quorum", "2");
	check_member(s, "silent", "[]");
	check_member(s, "remotes",
	             "[{\"id\":2,\"link\":\"connecting\",\"reason\":\"refused\","
	             "\"since_ms\":1234,\"dialled\":false,\"learner\":{\"link\":\"up\","
	             "\"reason\":\"\",\"since_ms\":1,\"dialled\":false},\"state\":null,"
	             "\"said\":null,\"heard_ms\":null,\"vote\":null},"
	             "{\"id\":" BIG_ID ",\"link\":\"up\",\"reason\":\"\",\"since_ms\":77,"
	             "\"dialled\":true,\"learner\":null,\"state\":\"following\","
	             "\"said\":\"following\",\"heard_ms\":41000,\"vote\":{\"leader\":1,"
	             "\"zxid\":\"0x100000000\","
	             "\"round\":" BIG_ROUND ",\"epoch\":4}},"
	             "{\"id\":99,\"link\":\"up\",\"reason\":\"\",\"since_ms\":5,"
	             "\"dialled\":null,\"learner\":null,\"state\":null,\"said\":null,"
	             "\"heard_ms\":null,"
	             "\"vote\":null}]");
	check_member(s, "looking", "null");
	json_decref(s);
}

/* The reason of a looking: what the peer cannot do, else what all doors say together. */
static void
why_it_looks(void **state)
{
	static const char *const reasons[][2] = {
	    {"", "\"election under way since 0.2 s\""},
	    {"the disk hangs", "\"the disk hangs\""},
	};

	(void)state;
	add("connmgr", 0, 12, connmgr_text);
	add("elector-main", 0, 13, "{\"who\":\"elector\",\"active\":true,\"vote\":null}");
	for (unsigned i = 0; i < 2; i++) {
		char text[512];
		json_t *s;

		snprintf(text, sizeof(text),
		         "{\"state\":\"looking\",\"phase\":\"election\","
		         "\"leader\":null,\"reason\":\"%s\",\"looking\":{"
		         "\"since_ms\":200,\"last\":\"start\",\"tried\":null}}",
		         reasons[i][0]);
		add("peer", 0, 14, text);
		s = status_merge(&conf, &asks);
		check_member(s, "reason", reasons[i][1]);
		check_member(
		    s, "looking",
		    "{\"since_ms\":200,\"text\":\"election under way since 0.2 "
		    "s\",\"causes\":[{\"cause\":\"electing\",\"id\":null,"
		    "\"reason\":\"\",\"since_ms\":null,\"text\":\"election under "
		    "way since 0.2 s\"}]}");
		json_decref(s);
		json_decref(asks.list[--asks.count].answer);
	}
}

/* What our peer knows goes before what the elector heard last. */
static void
who_follows_and_who_leads(void **state)
{
	static const char leads[] =
	    "{\"who\":\"peer\",\"pid\":14,\"state\":\"leading\",\"leader\":1,"
	    "\"learners\":[{\"id\":2,\"phase\":\"broadcast\"},"
	    "{\"id\":99,\"phase\":\"broadcast\"}]}";
	static const char joins[] =
	    "{\"who\":\"peer\",\"pid\":14,\"state\":\"leading\",\"leader\":1,"
	    "\"learners\":[{\"id\":2,\"phase\":\"discovery\"}]}";
	static const char follows[] =
	    "{\"who\":\"peer\",\"pid\":14,\"state\":\"following\",\"leader\":2,"
	    "\"learners\":[]}";
	static const struct {
		const char *peer, *states[3];
	} cases[] = {
	    {leads, {"\"following\"", "\"following\"", "\"observing\""}},
	    {joins, {"null", "\"following\"", "null"}},
	    {follows, {"\"leading\"", "\"following\"", "null"}},
	};

	(void)state;
	add("connmgr", 0, 12, connmgr_text);
	add("elector-main", 0, 13, elector_text);
	for (unsigned i = 0; i < 3; i++) {
		const json_t *rows;
		json_t *s;

		add("peer", 0, 14, cases[i].peer);
		s = status_merge(&conf, &asks);
		rows = json_object_get(s, "remotes");
		for (unsigned j = 0; j < 3; j++)
			check_member(json_array_get(rows, j), "state",
			             cases[i].states[j]);
		json_decref(s);
		json_decref(asks.list[--asks.count].answer);
	}
}

/* A looking that is old is not believed once there is a leader, and every word is shown
 * with its age. */
static void
an_old_word(void **state)
{
	static const struct {
		const char *leader, *said;
		int heard_ms;
		const char *want;
	} cases[] = {
	    {"3", "looking", 3001, "null"},
	    {"3", "looking", 3000, "\"looking\""},
	    {"3", "following", 3001, "\"following\""},
	    {"null", "looking", 3001, "\"looking\""},
	};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		char text[256], want[32];
		const json_t *row;
		json_t *s;

		snprintf(text, sizeof(text), "{\"who\":\"peer\",\"leader\":%s}",
		         cases[i].leader);
		add("peer", 0, 14, text);
		snprintf(text, sizeof(text),
		         "{\"who\":\"elector\",\"active\":true,\"remotes\":[{\"id\":2,"
		         "\"state\":\"%s\",\"vote\":null,\"heard_ms\":%d}]}",
		         cases[i].said, cases[i].heard_ms);
		add("elector-main", 0, 13, text);
		s = status_merge(&conf, &asks);
		row = json_array_get(json_object_get(s, "remotes"), 0);
		check_member(row, "state", cases[i].want);
		snprintf(want, sizeof(want), "\"%s\"", cases[i].said);
		check_member(row, "said", want);
		snprintf(want, sizeof(want), "%d", cases[i].heard_ms);
		check_member(row, "heard_ms", want);
		json_decref(s);
		asks_deinit(&asks);
		memset(&asks, 0, sizeof(asks));
	}
}

static void
conclaveds_table_comes_first(void **state)
{
	json_t *rows;

	(void)state;
	add("conclaved", 0, 11, conclaved_text);
	add("connmgr", 0, 12, connmgr_text);
	add("peer", 0, 14, peer_text); /* of a pid that conclaved does not know */
	add("elector-main", 0, 13, elector_text);
	rows = status_processes(&asks);
	assert_int_equal(json_array_size(rows), 5);
	check_member(json_array_get(rows, 0), "name", "\"conclaved\"");
	check_member(json_array_get(rows, 0), "rss_kb", "3000");
	check_member(json_array_get(rows, 0), "ready_us", "2");
	check_member(json_array_get(rows, 1), "name", "\"connmgr\"");
	check_member(json_array_get(rows, 1), "restarts", "2");
	check_member(json_array_get(rows, 1), "beat_age_ms", "null");
	check_member(json_array_get(rows, 2), "generation", BIG_ROUND);
	check_member(json_array_get(rows, 3), "name", "\"peer\"");
	check_member(json_array_get(rows, 3), "pid", "null");
	check_member(json_array_get(rows, 3), "state", "\"waiting\"");
	check_member(json_array_get(rows, 4), "name", "\"peer\"");
	check_member(json_array_get(rows, 4), "pid", "14");
	json_decref(rows);
}

static void
nobody_answers(void **state)
{
	json_t *s;

	(void)state;
	add("conclaved", -ENOENT, 0, NULL);
	add("connmgr", -ENOENT, 0, NULL);
	add("peer", -ECONNREFUSED, 0, NULL);
	add("elector-main", -ECONNREFUSED, 0, NULL);
	s = status_merge(&conf, &asks);
	check_member(s, "state", "\"down\"");
	check_member(s, "leader", "null");
	check_member(s, "epoch", "null");
	check_member(s, "round", "null");
	check_member(s, "active", "false");
	check_member(s, "lease_ms", "0");
	check_member(s, "phase", "null");
	check_member(s, "degraded", "null");
	check_member(s, "voters", "[1,2," BIG_ID "]");
	check_member(s, "quorum", "2");
	check_member(s, "processes", "[]");
	check_member(s, "silent", "[\"conclaved\",\"connmgr\",\"peer\",\"elector\"]");
	check_member(json_array_get(json_object_get(s, "remotes"), 0), "link",
	             "\"down\"");
	check_member(json_array_get(json_object_get(s, "remotes"), 1), "id", BIG_ID);
	check_member(json_array_get(json_object_get(s, "remotes"), 1), "reason",
	             "\"connmgr-silent\"");
	json_decref(s);
}

static void
without_a_peer_the_elector_knows_the_round(void **state)
{
	json_t *s;

	(void)state;
	add("conclaved", -ENOENT, 0, NULL); /* each worker is a unit */
	add("peer", -ECONNREFUSED, 0, NULL);
	add("connmgr", 0, 12, "{\"who\":\"connmgr\",\"degraded\":\"2 stuck closes\"}");
	add("elector-main", 0, 13, elector_text);
	s = status_merge(&conf, &asks);
	check_member(s, "state", "\"down\"");
	check_member(s, "active", "false");
	check_member(s, "round", "8");
	check_member(s, "degraded", "\"2 stuck closes\"");
	check_member(s, "silent", "[\"peer\"]");
	check_member(json_array_get(json_object_get(s, "remotes"), 0), "reason",
	             "\"unknown\"");
	json_decref(s);
}

/* The first elector in the folder's order is a shadow: only the active one's word counts.
 */
static void
shadows_are_rows_only(void **state)
{
	json_t *s;
	const json_t *rows;

	(void)state;
	add("conclaved", -ECONNREFUSED, 0, NULL);
	add("peer", 0, 14, peer_text);
	add("elector-a", 0, 21,
	    "{\"who\":\"elector\",\"active\":false,\"version\":\"0.2.0\",\"generation\":"
	    "0,"
	    "\"uptime_ms\":3,\"round\":1,\"voters\":[7],\"quorum\":1}");
	add("elector-main", 0, 13, elector_text);
	add("elector-stopped", -ETIMEDOUT, 22, NULL);
	add("elector-gone", -ECONNREFUSED, 0, NULL);
	s = status_merge(&conf, &asks);
	check_member(s, "voters", "[1,2," BIG_ID "]");
	check_member(s, "silent", "[\"conclaved\",\"elector-stopped\"]");
	rows = json_object_get(s, "processes");
	assert_int_equal(json_array_size(rows), 4);
	check_member(json_array_get(rows, 0), "name", "\"peer\"");
	check_member(json_array_get(rows, 1), "name", "\"elector-shadow\"");
	check_member(json_array_get(rows, 2), "name", "\"elector\"");
	check_member(json_array_get(rows, 3), "name", "\"elector-shadow\"");
	check_member(json_array_get(rows, 3), "state", "\"silent\"");
	json_decref(s);
}

static void
rows_by_the_doors(void **state)
{
	json_t *rows;

	(void)state;
	add("conclaved", -ECONNREFUSED, 0, NULL);
	add("connmgr", -ETIMEDOUT, 12, NULL);
	add("peer", 0, 14, peer_text);
	add("elector-a", 0, 21,
	    "{\"who\":\"elector\",\"active\":false,\"version\":\"0.2.0\",\"generation\":"
	    "0,"
	    "\"uptime_ms\":3}");
	add("elector-main", 0, 13, elector_text);
	add("elector-gone", -ECONNREFUSED, 0, NULL);
	rows = status_processes(&asks);
	assert_int_equal(json_array_size(rows), 4);
	check_member(json_array_get(rows, 0), "name", "\"connmgr\"");
	check_member(json_array_get(rows, 0), "pid", "12");
	check_member(json_array_get(rows, 0), "state", "\"silent\"");
	check_member(json_array_get(rows, 0), "generation", "null");
	check_member(json_array_get(rows, 1), "name", "\"peer\"");
	check_member(json_array_get(rows, 1), "state", "\"ready\"");
	check_member(json_array_get(rows, 1), "generation", "3");
	check_member(json_array_get(rows, 1), "uptime_ms", "500");
	check_member(json_array_get(rows, 1), "restarts", "null");
	check_member(json_array_get(rows, 2), "name", "\"elector-shadow\"");
	check_member(json_array_get(rows, 2), "version", "\"0.2.0\"");
	check_member(json_array_get(rows, 3), "name", "\"elector\"");
	check_member(json_array_get(rows, 3), "generation", "5");
	json_decref(rows);
}

static void
a_lone_elector_is_the_elector(void **state)
{
	json_t *rows;

	(void)state;
	add("elector-gone", -ECONNREFUSED, 0, NULL);
	add("elector-main", -ETIMEDOUT, 13, NULL);
	rows = status_processes(&asks);
	assert_int_equal(json_array_size(rows), 1);
	check_member(json_array_get(rows, 0), "name", "\"elector\"");
	json_decref(rows);
}

/* Whatever comes for an answer: an object comes out, and every key is there. */
static void
strange_answers(void **state)
{
	static const char *const strange[] = {
	    "{}",
	    "{\"who\":\"elector\",\"active\":true,\"remotes\":3,\"voters\":{}}",
	    ("{\"remotes\":[1,null,{\"id\":\"x\"},{\"id\":1,\"lane\":\"election\"}],"
	     "\"processes\":[1,\"x\",{}]}"),
	    "{\"processes\":{\"a\":{\"pid\":[]}},\"remotes\":{\"a\":{\"id\":2}}}",
	};
	static const char *const keys[] = {"schema", "id",     "state",    "leader",
	                                   "epoch",  "round",  "active",   "lease_ms",
	                                   "voters", "quorum", "remotes",  "processes",
	                                   "phase",  "reason", "degraded", "silent"};

	(void)state;
	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		json_t *s;

		asks.count = 0;
		add("conclaved", 0, 1, strange[i]);
		add("connmgr", 0, 2, strange[i]);
		add("peer", 0, 3, strange[i]);
		add("elector-main", 0, 4, strange[i]);
		s = status_merge(&conf, &asks);
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			assert_true(json_object_get(s, keys[k]));
		json_decref(s);
		asks_deinit(&asks);
	}
}

static void
who_leads(void **state)
{
	static const struct {
		const char *peer;
		bool want;
	} cases[] = {
	    {"{\"active\":true,\"state\":\"leading\"}", true},
	    {"{\"active\":false,\"state\":\"leading\"}", false},
	    {"{\"active\":true,\"state\":\"following\"}", false},
	    {"{\"active\":true,\"state\":\"looking\"}", false},
	    {"{\"active\":1,\"state\":\"leading\"}", false},
	    {"{\"state\":\"leading\"}", false},
	    {"[\"active\"]", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *peer = json_loads(cases[i].peer, 0, NULL);

		assert_int_equal(status_leads(peer), cases[i].want);
		json_decref(peer);
	}
	assert_false(status_leads(NULL));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(all_answer),
	    TEST(why_it_looks),
	    TEST(who_follows_and_who_leads),
	    TEST(an_old_word),
	    TEST(conclaveds_table_comes_first),
	    TEST(nobody_answers),
	    TEST(without_a_peer_the_elector_knows_the_round),
	    TEST(shadows_are_rows_only),
	    TEST(rows_by_the_doors),
	    TEST(a_lone_elector_is_the_elector),
	    TEST(strange_answers),
	    TEST(who_leads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
