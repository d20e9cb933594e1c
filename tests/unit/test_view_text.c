/* view/probe_judge and ctl/swap_print: what programs and people read of an election. */
#include "ctl/swap_print.h"
#include "view/member.h"
#include "view/probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct probe probe;

static void
check_json(const struct probe_verdict *v, const char *want)
{
	json_t *json = probe_json(&probe, v);
	char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15));

	assert_string_equal(text, want);
	free(text);
	json_decref(json);
}

static void
a_probe(void **state)
{
	struct probe_server *s = &probe.servers[0];

	(void)state;
	assert_true(probe_add(&probe, "a:1"));
	assert_true(probe_add(&probe, "[::1]:2"));
	s->reachable = s->answered = true;
	s->us = 1234;
	s->notif = (struct notif){.vote = {.state = NOTIF_LEADING,
	                                   .leader = INT64_MAX,
	                                   .zxid = -1,
	                                   .round = 9007199254740993,
	                                   .epoch = 3,
	                                   .version = 2},
	                          .has_config = true};
	strcpy(s->config, "version=0");
	probe_fail(&probe.servers[1], "no \xfc");
	check_json(
	    &(struct probe_verdict){.has_leader = true, .leader = 7, .quorum = true},
	    "{\"leader\":7,\"quorum\":true,\"leaders\":[],\"named\":null,\"memberships\":"
	    "[],\"servers\":["
	    "{\"address\":\"a:1\",\"reachable\":true,\"error\":null,"
	    "\"state\":\"leading\",\"leader\":9223372036854775807,"
	    "\"round\":9007199254740993,\"zxid\":\"0xffffffffffffffff\","
	    "\"peer_epoch\":3,\"version\":2,\"config\":\"version=0\",\"ms\":1.234},"
	    "{\"address\":\"[::1]:2\",\"reachable\":false,\"error\":\"no \xc3\xbc\","
	    "\"state\":null,\"leader\":null,\"round\":null,\"zxid\":null,"
	    "\"peer_epoch\":null,\"version\":null,\"config\":null,\"ms\":null}]}");
	s->notif.has_config = false;
	probe.count = 0;
	check_json(&(struct probe_verdict){.has_named = true, .named = -1},
	           "{\"leader\":null,\"quorum\":false,\"leaders\":[],\"named\":-1,"
	           "\"memberships\":[],\"servers\":[]}");
}

static void
what_an_elector_said(void **state)
{
	struct notif n = {.vote = {.state = NOTIF_LOOKING,
	                           .leader = 2,
	                           .zxid = 16,
	                           .round = 5,
	                           .epoch = 1,
	                           .version = 2},
	                  .has_config = true,
	                  .config = "abc",
	                  .config_len = 3};
	unsigned char frame[256];
	size_t len = notif_encode(&n, frame, sizeof(frame));
	char hex[sizeof(frame) * 2 + 1] = "", text[SAID_MAX];

	(void)state;
	swap_print_said("", text);
	assert_string_equal(text, "nothing");
	for (size_t i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", frame[i]);
	swap_print_said(hex, text);
	assert_string_equal(text, "LOOKING leader=2 zxid=0x10 round=5 epoch=1 version=2 "
	                          "configuration of 3 bytes");
	swap_print_said("0102", text);
	assert_string_equal(text, "2 bytes that are no notification: 0102");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_probe),
	    cmocka_unit_test(what_an_elector_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
