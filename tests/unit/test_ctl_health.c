/* ctl/health: what counts as sick. */
#include "ctl/exact.h"
#include "ctl/health.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROW(name, pid, state, reason)                                                    \
	"{\"name\":\"" name "\",\"pid\":" #pid ",\"state\":\"" state                     \
	"\",\"reason\":\"" reason "\"}"
#define WELL_ROWS                                                                        \
	ROW("connmgr", 2, "ready", "")                                                   \
	"," ROW("elector", 3, "ready", "") "," ROW("peer", 4, "ready", "")
#define WELL_CONNMGR                                                                     \
	"{\"degraded\":\"\",\"listeners\":[{\"lane\":\"election\",\"address\":\"a:1\","  \
	"\"state\":\"open\",\"reason\":\"\"}],\"workers\":[{\"pid\":3,\"queue\":7},"     \
	"{\"pid\":4,\"queue\":9007199254740993}]}"

/* `rows` and connmgr's answer in, health out; the peer's door has `peer_result`. */
static cJSON *
merge(const char *rows, const char *connmgr, int peer_result)
{
	struct asks asks = {.count = 3};
	char text[2048];
	cJSON *status;
	cJSON *health;

	strcpy(asks.list[0].folder, "conclaved");
	asks.list[0].result = -ENOENT;
	strcpy(asks.list[1].folder, "connmgr");
	asks.list[1].pid = 2;
	asks.list[1].answer = connmgr ? exact_parse(connmgr) : NULL;
	asks.list[1].result = connmgr ? 0 : -ECONNREFUSED;
	strcpy(asks.list[2].folder, "peer");
	asks.list[2].pid = 4;
	asks.list[2].result = peer_result;
	snprintf(text, sizeof(text),
	         "{\"schema\":1,\"id\":4611686018427387904,\"processes\":[%s]}", rows);
	status = exact_parse(text);
	assert_non_null(status);
	health = health_merge(status, &asks);
	cJSON_Delete(status);
	asks_deinit(&asks);
	return health;
}

static void
well(void **state)
{
	cJSON *h = merge(WELL_ROWS, WELL_CONNMGR, 0);
	char *text = cJSON_PrintUnformatted(h);

	(void)state;
	assert_string_equal(
	    text,
	    "{\"schema\":1,\"id\":4611686018427387904,\"healthy\":true,\"problems\":[],"
	    "\"degraded\":\"\",\"processes\":["
	    "{\"name\":\"connmgr\",\"pid\":2,\"state\":\"ready\",\"reason\":\"\","
	    "\"queue\":null},"
	    "{\"name\":\"elector\",\"pid\":3,\"state\":\"ready\",\"reason\":\"\","
	    "\"queue\":7},"
	    "{\"name\":\"peer\",\"pid\":4,\"state\":\"ready\",\"reason\":\"\","
	    "\"queue\":9007199254740993}],"
	    "\"listeners\":[{\"lane\":\"election\",\"address\":\"a:1\","
	    "\"state\":\"open\",\"reason\":\"\"}]}");
	cJSON_free(text);
	cJSON_Delete(h);
}

static void
sick(void **state)
{
	static const struct {
		const char *rows;
		const char *connmgr;
		int peer_result;
		const char *want; /* the only problem, or its beginning */
	} cases[] = {
	    {ROW("connmgr", 2, "ready", "") "," ROW("peer", 4, "ready", ""), WELL_CONNMGR,
	     0, "there is no elector"},
	    {WELL_ROWS "," ROW("elector-shadow", 9, "starting", ""), WELL_CONNMGR, 0,
	     "elector-shadow is starting"},
	    {ROW("conclaved", 1, "ready", "") "," ROW("connmgr", 2, "ready", "") "," ROW(
		 "elector", 3, "failing", "exit status 1") "," ROW("peer", 4, "ready",
	                                                           ""),
	     WELL_CONNMGR, 0, "elector is failing: exit status 1"},
	    {WELL_ROWS, WELL_CONNMGR, -ETIMEDOUT, "peer (pid 4) does not answer"},
	    {ROW("connmgr", 2, "ready", "") "," ROW("elector", 3, "ready", "") "," ROW(
		 "peer", 4, "silent", "it does not answer"),
	     WELL_CONNMGR, -ETIMEDOUT, "peer (pid 4) does not answer"},
	    {WELL_ROWS,
	     "{\"listeners\":[{\"lane\":\"learner\",\"address\":\"a:2\",\"state\":"
	     "\"waiting\","
	     "\"reason\":\"in use\"}]}",
	     0, "the learner port a:2 is not open: in use"},
	    {WELL_ROWS, "{\"degraded\":\"5 closes are stuck\"}", 0,
	     "connmgr is degraded: 5 closes are stuck"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cJSON *h = merge(cases[i].rows, cases[i].connmgr, cases[i].peer_result);
		const cJSON *problems = cJSON_GetObjectItem(h, "problems");
		const char *got = cJSON_GetStringValue(cJSON_GetArrayItem(problems, 0));

		assert_true(cJSON_IsFalse(cJSON_GetObjectItem(h, "healthy")));
		assert_int_equal(cJSON_GetArraySize(problems), 1);
		assert_non_null(got);
		if (strncmp(got, cases[i].want, strlen(cases[i].want)) != 0)
			fail_msg("%s, want %s", got, cases[i].want);
		cJSON_Delete(h);
	}
}

static void
nobody(void **state)
{
	cJSON *h = merge("", NULL, -ENOENT);

	(void)state;
	assert_true(cJSON_IsFalse(cJSON_GetObjectItem(h, "healthy")));
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(h, "problems")), 3);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(h, "listeners")), 0);
	cJSON_Delete(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(well),
	    cmocka_unit_test(sick),
	    cmocka_unit_test(nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
