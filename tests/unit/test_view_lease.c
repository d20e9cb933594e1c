/* What is said of leases: view/why, the end of an old lease and a term that is resumed as
 * causes while there is no leader; view/health, what ends by itself as a note. */
#include "tests/unit/asks_kit.h"
#include "view/health.h"
#include "view/why.h"

#include <stdio.h>

/* The causes while the peer says that: "name name", and of the first its text and id. */
static void
expect(int withheld_ms, const char *promise, const char *names, const char *text, int id)
{
	static struct conf conf = {.id = 1};
	char peer[512], got[128] = "";
	json_t *looking, *causes;
	const json_t *row;
	size_t i;

	memset(&asks, 0, sizeof(asks));
	snprintf(peer, sizeof(peer),
	         "{\"phase\":\"synchronization\",\"looking\":{\"since_ms\":30,"
	         "\"text\":\"as the peer says\"},\"lease\":{\"withheld_ms\":%d,"
	         "\"promise\":%s,\"text\":\"2 waits\"}}",
	         withheld_ms, promise);
	add("connmgr", 0, 12, "{\"remotes\":[]}");
	add("elector-main", 0, 13, "{\"who\":\"elector\",\"active\":true}");
	add("peer", 0, 14, peer);
	looking = why_looking(&conf, &asks);
	causes = json_object_get(looking, "causes");
	json_array_foreach (causes, i, row)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s",
		         i > 0 ? " " : "", member_string(row, "cause"));
	assert_string_equal(got, names);
	assert_string_equal(member_string(looking, "text"), text);
	row = json_array_get(causes, 0);
	if (id > 0)
		assert_int_equal(member_number(row, "id"), id);
	else
		assert_true(json_is_null(json_object_get(row, "id")));
	json_decref(looking);
	asks_deinit(&asks);
}

/* It shows from the first moment on. */
static void
an_old_lease(void **state)
{
	(void)state;
	expect(130, "{\"to\":2,\"ms\":130}", "lease establishing", "2 waits", 2);
	expect(130, "{\"to\":null,\"ms\":130}", "lease establishing", "2 waits", 0);
	expect(130, "null", "lease establishing", "2 waits", 0);
	/* what binds, and is not waited for */
	expect(0, "{\"to\":2,\"ms\":130}", "establishing", "as the peer says", 0);
}

static void
a_term_that_is_resumed(void **state)
{
	(void)state;
	expect(0, "null,\"resumes\":true", "resumes establishing", "2 waits", 0);
	/* what its voters promised to another comes first */
	expect(130, "null,\"resumes\":true", "lease establishing", "2 waits", 0);
}

/* Is that text a note, where the peer says so of its lease? */
static bool
is_note(const char *lease, const char *text)
{
	static struct conf conf = {.id = 1};
	enum verdict_kind kind;
	json_t *health;
	const json_t *note;
	char peer[512];
	bool found = false;
	size_t i;

	memset(&asks, 0, sizeof(asks));
	snprintf(peer, sizeof(peer), "{\"leader\":1,\"lease\":%s}", lease);
	add("peer", 0, 14, peer);
	health = health_merge(&conf, &asks, &kind);
	json_array_foreach (json_object_get(health, "notes"), i, note)
		found |= strcmp(json_string_value(note), text) == 0;
	json_decref(health);
	asks_deinit(&asks);
	return found;
}

static void
notes(void **state)
{
	(void)state;
	assert_true(
	    is_note("{\"releasing\":true,\"withheld_ms\":0,\"clocks_differ\":false,"
	            "\"text\":\"it hands over\"}",
	            "it hands over"));
	assert_true(is_note("{\"text\":\"it waits\"}", "it waits"));
	assert_false(is_note("{\"text\":\"\"}", ""));
	assert_false(is_note("null", ""));
	/* these are said in another place */
	assert_false(is_note("{\"clocks_differ\":true,\"text\":\"x\"}", "x"));
	assert_false(is_note("{\"withheld_ms\":5,\"text\":\"x\"}", "x"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_old_lease),
	    cmocka_unit_test(a_term_that_is_resumed),
	    cmocka_unit_test(notes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
