/* For the tests of connmgr's part in a swap: `elector` is the active one, `other` the
 * candidate `b`. */
#ifndef TESTS_CONNMGR_SWAP_KIT_H
#define TESTS_CONNMGR_SWAP_KIT_H

#include "tests/unit/connmgr_kit.h"

static struct player other;

/* of the peer's words */

static inline bool
is_true(const json_t *json, const char *key)
{
	return json_is_true(json_object_get(json, key));
}

static inline const char *
text_of(const json_t *json, const char *key)
{
	return json_string_value(json_object_get(json, key));
}

static inline bool
flag(const char *request, const char *key)
{
	json_t *json = ask(request);
	bool on = is_true(json, key);

	json_decref(json);
	return on;
}

/* The status has this word. */
static inline bool
says(const char *word)
{
	json_t *json = ask("status");
	bool found = strstr(text_of(json, "degraded"), word) != NULL;

	json_decref(json);
	return found;
}

static inline void
attach_candidate(void)
{
	attach_as(&other, MSG_WHO_ELECTOR, "b");
	UNTIL(other.heard.synced);
	assert_int_equal(other.heard.activations, 0);
}

static inline int
end(void **state)
{
	uplink_close(other.uplink);
	other.uplink = NULL;
	return tear_down(state);
}

static inline void
assert_record(unsigned generation, const char *name, const char *before, bool accepted)
{
	struct record r;

	assert_int_equal(store_read_record(conf.run_dir, MSG_WHO_ELECTOR, &r), 0);
	assert_int_equal(r.generation, generation);
	assert_string_equal(r.now.name, name);
	assert_string_equal(r.before.name, before);
	assert_int_equal(r.accepted, accepted);
}

/* The copy says so, in the end. */
static inline void
expect_copy(const char *name, bool accepted)
{
	struct record r;

	/* what is asked makes the loop turn */
	UNTIL((json_decref(ask("status")), true) &&
	      store_read_record(conf.data_dir, MSG_WHO_ELECTOR, &r) == 0 &&
	      strcmp(r.now.name, name) == 0 && r.accepted == accepted);
}

static inline void
assert_ok(const char *request)
{
	json_t *json = ask(request);

	if (!is_true(json, "ok"))
		fail_msg("%s: %s", request, text_of(json, "error"));
	json_decref(json);
}

static inline void
assert_refused(const char *request)
{
	struct record r;
	json_t *json = ask(request);

	if (!json_object_get(json, "error"))
		fail_msg("not refused: %s", request);
	json_decref(json);
	assert_int_equal(store_read_record(conf.run_dir, MSG_WHO_ELECTOR, &r), 0);
	assert_int_equal(r.generation, 1);
	assert_string_equal(r.now.name, "main");
	assert_true(r.accepted);
}

#endif
