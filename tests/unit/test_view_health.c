/* view/health: the answers of the doors made into rows, facts and a verdict (which is
 * tested in test_verdict.c). */
#include "tests/unit/asks_kit.h"
#include "view/health.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW(name, pid)                                                                   \
	"{\"name\":\"" name "\",\"pid\":" #pid                                           \
	",\"state\":\"ready\",\"reason\":\"\",\"generation\":3}"
#define ELECTOR_ROW                                                                      \
	"{\"name\":\"elector\",\"pid\":3,\"state\":\"ready\",\"reason\":\"\","           \
	"\"generation\":3,\"descriptors\":null}"
#define ROWS                                                                             \
	"{\"who\":\"conclaved\",\"processes\":[" ROW("conclaved", 1) "," ROW(            \
	    "connmgr", 2) "," ELECTOR_ROW "," ROW("peer", 4) "]}"
#define CONNMGR                                                                          \
	"{\"who\":\"connmgr\",\"degraded\":\"\",\"listeners\":[{\"lane\":\"election\","  \
	"\"address\":\"a:1\",\"state\":\"open\",\"reason\":\"\"}],\"workers\":["         \
	"{\"pid\":3,\"queue\":7},{\"pid\":4,\"queue\":9007199254740993}]}"
#define ELECTOR                                                                          \
	"{\"who\":\"elector\",\"active\":true,\"generation\":3,\"lag_ms\":2,"            \
	"\"descriptors\":21,"                                                            \
	"\"program\":\"/p\",\"queues\":[{\"name\":\"uplink\",\"length\":1,\"bound\":"    \
	"256,\"drops\":0}]}"
#define PEER "{\"who\":\"peer\",\"generation\":3,\"reason\":\"\",\"leader\":null}"

static enum verdict_kind kind;
static struct conf conf = {.id = 4611686018427387904,
                           .supervisor = {.watchdog_ms = 2000, .restart_reset_ms = 9}};

static void
answer_all(void)
{
	asks_deinit(&asks);
	add("conclaved", 0, 1, ROWS);
	add("connmgr", 0, 2, CONNMGR);
	add("peer", 0, 4, PEER);
	add("elector-main", 0, 3, ELECTOR);
}

static struct ask *
find(const char *folder)
{
	return &asks.list[asks_find(&asks, folder) - asks.list];
}

static void
answer_otherwise(const char *folder, int result, const char *answer)
{
	struct ask *a = find(folder);

	json_decref(a->answer);
	a->answer = answer ? json_loads(answer, 0, NULL) : NULL;
	a->result = result;
	assert_true(!answer || a->answer);
}

static const json_t *
row(const json_t *health, const char *name)
{
	size_t at;
	const json_t *one;

	json_array_foreach (json_object_get(health, "processes"), at, one) {
		if (strcmp(member_string(one, "name"), name) == 0)
			return one;
	}
	fail_msg("no row %s", name);
	return NULL;
}

static void
check_member(const json_t *object, const char *key, const char *want)
{
	char *got =
	    json_dumps(json_object_get(object, key), JSON_COMPACT | JSON_ENCODE_ANY);

	if (!got || strcmp(got, want) != 0)
		fail_msg("%s: %s, want %s", key, got ? got : "none", want);
	free(got);
}

static void
well(void **state)
{
	json_t *h;

	(void)state;
	answer_all();
	h = health_merge(&conf, &asks, &kind);
	check_member(h, "schema", "1");
	check_member(h, "id", "4611686018427387904");
	check_member(h, "verdict", "\"healthy\"");
	check_member(h, "reasons", "[]");
	check_member(h, "listeners",
	             "[{\"lane\":\"election\",\"address\":\"a:1\",\"state\":\"open\","
	             "\"reason\":\"\"}]");
	assert_int_equal(json_array_size(json_object_get(h, "processes")), 4);
	check_member(row(h, "conclaved"), "queue", "null");
	check_member(row(h, "conclaved"), "lag_ms", "null");
	check_member(row(h, "elector"), "queue", "7");
	check_member(row(h, "elector"), "lag_ms", "2");
	check_member(row(h, "elector"), "program", "\"/p\"");
	check_member(row(h, "elector"), "queues",
	             "[{\"name\":\"uplink\",\"length\":1,\"bound\":256,\"drops\":0}]");
	check_member(row(h, "peer"), "queue", "9007199254740993");
	check_member(row(h, "peer"), "threads", "null");
	check_member(row(h, "elector"), "descriptors", "21"); /* conclaved may not look */
	json_decref(h);
}

/* What each door may say, or not, and the one reason that follows. */
static void
sick(void **state)
{
	static const struct {
		const char *folder;
		int result;
		const char *answer;
		const char *verdict;
		const char *reason;
	} cases[] = {
	    {"peer", -ETIMEDOUT, NULL, "\"failing\"",
	     "[\"peer (pid 4) does not answer within 200 ms\"]"},
	    {"elector-main", -EBADMSG, NULL, "\"failing\"",
	     "[\"elector (pid 3) does not answer within 200 ms\"]"},
	    {"peer", 0, "{\"who\":\"peer\",\"generation\":0}", "\"failing\"",
	     "[\"peer (pid 4) does not count: connmgr has not made it active\"]"},
	    {"peer", 0, "{\"who\":\"peer\",\"generation\":1,\"lag_ms\":1001}",
	     "\"degraded\"",
	     "[\"the loop of peer (pid 4) was late by 1001 ms in the last minute\"]"},
	    {"peer", 0,
	     "{\"who\":\"peer\",\"generation\":1,\"reason\":\"no\",\"leader\":null}",
	     "\"failing\"", "[\"peer cannot lead: no\"]"},
	    {"peer", 0,
	     "{\"who\":\"peer\",\"generation\":1,\"reason\":\"no\",\"leader\":2}",
	     "\"degraded\"", "[\"peer cannot lead: no\"]"},
	    {"peer", 0,
	     "{\"who\":\"peer\",\"generation\":1,\"queues\":[{\"name\":\"uplink\","
	     "\"length\":200,\"bound\":256}]}",
	     "\"degraded\"", "[\"the queue uplink of peer holds 200 of 256 messages\"]"},
	    {"connmgr", 0,
	     "{\"who\":\"connmgr\",\"degraded\":\"\",\"listeners\":[{\"lane\":"
	     "\"learner\","
	     "\"address\":\"a:2\",\"state\":\"waiting\",\"reason\":\"in use\"}]}",
	     "\"degraded\"", "[\"connmgr cannot open the learner port a:2: in use\"]"},
	    {"connmgr", 0, "{\"who\":\"connmgr\",\"degraded\":\"5 closes are stuck\"}",
	     "\"degraded\"", "[\"connmgr is degraded: 5 closes are stuck\"]"},
	    {"conclaved", 0,
	     "{\"who\":\"conclaved\",\"processes\":[" ROW("conclaved", 1) "," ROW(
		 "connmgr", 2) "," ROW("elector",
	                               3) ",{\"name\":\"peer\",\"pid\":4,\"state\":"
	                                  "\"ready\",\"uptime_ms\":8,\"failures\":3,"
	                                  "\"last_death\":\"it fell\"}]}",
	     "\"degraded\"",
	     "[\"peer (pid 4) has died 3 times in a row, last: it fell\"]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *h;

		answer_all();
		answer_otherwise(cases[i].folder, cases[i].result, cases[i].answer);
		h = health_merge(&conf, &asks, &kind);
		check_member(h, "reasons", cases[i].reason);
		check_member(h, "verdict", cases[i].verdict);
		json_decref(h);
	}
}

/* conclaved calls it ready; whoever asked it before has filled its door. */
static void
a_door_that_takes_nobody(void **state)
{
	json_t *h;

	(void)state;
	answer_all();
	answer_otherwise("elector-main", -ETIMEDOUT, NULL);
	find("elector-main")->pid = 0;
	h = health_merge(&conf, &asks, &kind);
	check_member(h, "reasons", "[\"elector (pid 3) does not answer within 200 ms\"]");
	check_member(row(h, "elector"), "state", "\"silent\"");
	check_member(row(h, "elector"), "reason", "\"it does not answer\"");
	json_decref(h);
}

static void
without_conclaved(void **state)
{
	json_t *h;

	(void)state;
	answer_all();
	answer_otherwise("conclaved", -ENOENT, NULL);
	find("conclaved")->pid = 0;
	h = health_merge(&conf, &asks, &kind);
	check_member(h, "verdict", "\"healthy\"");
	assert_int_equal(json_array_size(json_object_get(h, "processes")), 3);
	json_decref(h);

	find("conclaved")->result = -ECONNREFUSED;
	h = health_merge(&conf, &asks, &kind);
	check_member(h, "verdict", "\"degraded\"");
	check_member(h, "reasons",
	             "[\"conclaved has died: nobody restarts the other processes\"]");
	json_decref(h);
}

/* A server that looks is well, and says why it looks; another cause is worth a print. */
static void
a_looking(void **state)
{
	static const char looks[] =
	    "{\"who\":\"peer\",\"name\":\"main\",\"pid\":14,\"generation\":3,"
	    "\"active\":true,\"state\":\"looking\",\"phase\":\"%s\",\"leader\":null,"
	    "\"reason\":\"\",\"looking\":{\"since_ms\":200,\"tried\":2,\"text\":\"soon\"}"
	    "}";
	json_t *h, *essence[2];
	char text[512];

	(void)state;
	answer_all();
	for (unsigned i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), looks, i ? "discovery" : "election");
		answer_otherwise("peer", 0, text);
		h = health_merge(&conf, &asks, &kind);
		assert_int_equal(kind, VERDICT_HEALTHY);
		assert_int_equal(member_number(json_object_get(h, "looking"), "since_ms"),
		                 200);
		essence[i] = health_essence(h);
		json_decref(h);
	}
	answer_otherwise("peer", 0,
	                 "{\"who\":\"peer\",\"pid\":14,\"leader\":2,\"looking\":null}");
	h = health_merge(&conf, &asks, &kind);
	check_member(h, "looking", "null");
	json_decref(h);
	assert_false(json_equal(essence[0], essence[1]));
	json_decref(essence[0]);
	json_decref(essence[1]);
}

static void
nobody(void **state)
{
	json_t *h;

	(void)state;
	asks_deinit(&asks);
	add("conclaved", -ENOENT, 0, NULL);
	add("connmgr", -ENOENT, 0, NULL);
	add("peer", -ENOENT, 0, NULL);
	h = health_merge(&conf, &asks, &kind);
	check_member(h, "verdict", "\"failing\"");
	check_member(h, "reasons",
	             "[\"there is no connmgr\",\"there is no elector\",\"there is no "
	             "peer\"]");
	check_member(h, "processes", "[]");
	check_member(h, "listeners", "[]");
	json_decref(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(well),
	    cmocka_unit_test(sick),
	    cmocka_unit_test(a_door_that_takes_nobody),
	    cmocka_unit_test(without_conclaved),
	    cmocka_unit_test(a_looking),
	    cmocka_unit_test(nobody),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	asks_deinit(&asks);
	return failed;
}
