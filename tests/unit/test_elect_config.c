/* elector/elect: the configurations that notifications carry. */
#include "tests/unit/test_elect_lab.h"

static struct lab lab;

static void
recv_with(int64_t from, const char *text)
{
	struct notif n = {
	    .vote = {.state = L, .leader = 3, .zxid = 9, .round = 1, .version = 2},
	    .has_config = true,
	    .config = text,
	    .config_len = strlen(text)};

	lab_give(&lab,
	         (struct elect_event){.type = ELECT_EV_NOTIF, .sid = from, .notif = n});
}

#define SERVER(n) "server." #n "=127.0.0.1:280" #n ":380" #n ":participant\n"

/* Our configuration is version 5; a node that stops as ZooKeeper does, or goes on. */
static void
looking_with_text(bool stop)
{
	static const char text[] = SERVER(1) SERVER(2) SERVER(3) "version=5";

	lab_prepare(&lab, 2, 3, !stop);
	assert_int_equal(qconfig_parse(text, strlen(text), false, &lab_config),
	                 QCONFIG_OK);
	lab.options.config_text = text;
	lab.options.config_text_len = strlen(text);
	lab.options.stop_at_newer_config = stop;
	lab_start(&lab);
	lab_look(&lab, 5, 0);
}

static void
test_carried_configuration(void **state)
{
	static const struct {
		const char *text;
		bool newer;
		unsigned refused;
	} cases[] = {
	    {SERVER(1) SERVER(2) SERVER(3) "version=5", false, 0}, /* ours, to the byte */
	    {SERVER(1) SERVER(2) "version=5", false, 0},
	    {SERVER(1) SERVER(2) "version=4", false, 0},
	    {SERVER(1) SERVER(2) "version=6", true, 0},
	    {SERVER(3) SERVER(2) SERVER(1) "version=6", false, 0}, /* the same members */
	    {"", false, 0},
	    {"nonsense", false, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int stop = 0; stop < 2; stop++) {
			looking_with_text(stop);
			recv_with(3, cases[i].text);
			assert_int_equal(lab_count(&lab, ELECT_ACT_NEWER_CONFIG),
			                 cases[i].newer);
			assert_int_equal(lab_dropped(&lab, ELECT_REASON_CONFIG_TEXT),
			                 cases[i].refused);
			/* the vote counts, unless the election ended */
			assert_int_equal(lab_view(&lab).proposal.leader,
			                 stop && cases[i].newer ? 2 : 3);
			assert_int_equal(lab_view(&lab).phase == ELECT_PHASE_IDLE,
			                 stop && cases[i].newer);
			lab_end(&lab);
		}
	}
}

static void
test_carried_by_outsider_or_late(void **state)
{
	(void)state;
	looking_with_text(false);
	recv_with(99, SERVER(1) "version=6");
	assert_int_equal(lab_first(&lab, ELECT_ACT_NEWER_CONFIG)->sid, 99);
	lab_is_vote(lab_first(&lab, ELECT_ACT_SEND), L, 2, 1);
	lab_role(&lab, F, 3, 6, 1);
	recv_with(1, SERVER(1) "version=6"); /* not looking: not looked at */
	assert_int_equal(lab_count(&lab, ELECT_ACT_NEWER_CONFIG), 0);
	lab_is_vote(lab_first(&lab, ELECT_ACT_SEND), F, 3, 6);
	lab_end(&lab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_carried_configuration),
	    cmocka_unit_test(test_carried_by_outsider_or_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
