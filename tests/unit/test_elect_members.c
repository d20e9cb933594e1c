/* elector/elect with memberships: two that count jointly (N4), members that change while
 * an election runs, and a leader that is followed at once (N9). */
#include "tests/unit/elect_members.h"

static void
recv_with(int64_t from, int32_t state, int64_t leader, const char *text)
{
	struct elect_event ev = {.type = ELECT_EV_NOTIF, .sid = from};

	ev.notif = (struct notif){
	    .vote = {.state = state, .leader = leader, .round = 9, .version = 2},
	    .has_config = text != NULL,
	    .config = text,
	    .config_len = text ? strlen(text) : 0};
	lab_give(&lab, ev);
}

/* A quorum of each is needed, also where the next members have the same version or a
 * smaller one. */
static void
two_memberships_count_jointly(void **state)
{
	(void)state;
	for (int64_t version = 4; version <= 6; version++) {
		prepare(3, 3, 7, version);
		lab_start(&lab);
		lab_look(&lab, 5, 1);
		lab_recv(&lab, 7, L, 7, 5, 1, 1); /* the best vote */
		assert_int_equal(lab_view(&lab).proposal.leader, 7);
		agree(2); /* a quorum of the old: 2, 3 */
		assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_WAIT);
		agree(6); /* and of the new: 3, 6, 7 */
		assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_FINALIZE);
		lab_end(&lab);

		prepare(3, 3, 7, version);
		lab_start(&lab);
		lab_look(&lab, 5, 1);
		lab_recv(&lab, 7, L, 7, 5, 1, 1);
		agree(6);
		agree(5);
		agree(4); /* all of the new, and one of the old */
		assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_WAIT);
		lab_end(&lab);
	}
	/* not so without the option: the same version only adds voters */
	prepare(3, 3, 7, 5);
	lab.options.joint = false;
	lab_start(&lab);
	lab_look(&lab, 5, 1);
	agree(2);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_FINALIZE);
	lab_end(&lab);
}

/* The freshest may be one of the new only: it stands, and leads. */
static void
a_voter_of_the_new_may_lead(void **state)
{
	(void)state;
	prepare(4, 1, 5, 6);
	lab_start(&lab);
	lab_look(&lab, 5, 1);
	lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, 4, 1);
	agree(1);
	agree(2); /* 1, 2 of the old; 1, 2, 4 of the new */
	agree(3);
	agree(5);
	lab_is_vote(lab_first(&lab, ELECT_ACT_DECIDED), D, 4, 1);
	lab_end(&lab);

	prepare(4, 1, 5, 6);
	lab.options.joint = false; /* ZooKeeper: who is no voter in force stands not */
	lab_start(&lab);
	lab_look(&lab, 5, 1);
	lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, INT64_MIN, 1);
	lab_end(&lab);
}

/* A weight in either membership is one; a weight in neither never leads. */
static void
a_weight_in_either(void **state)
{
	static const char heavy[] = SERVER(1) SERVER(2) SERVER(3)
	    SERVER(4) "group.1=1:2:3:4\nweight.1=1\nweight.2=1\nweight.3=0\nweight.4="
		      "1\nversion=5";
	static const char light[] = SERVER(1) SERVER(2) SERVER(3)
	    SERVER(5) "group.1=1:2:3:5\nweight.1=1\nweight.2=1\nweight.3=0\nweight.5="
		      "1\nversion=6";

	(void)state;
	prepare(1, 1, 1, 6);
	assert_int_equal(qconfig_parse(heavy, strlen(heavy), true, &lab_config), 0);
	assert_int_equal(qconfig_parse(light, strlen(light), true, &next), 0);
	lab_start(&lab);
	lab_look(&lab, 5, 1);
	lab_recv(&lab, 3, L, 3, 5, 1, 1);
	assert_int_equal(lab_view(&lab).proposal.leader, 1);
	lab_recv(&lab, 4, L, 4, 5, 1, 1);
	assert_int_equal(lab_view(&lab).proposal.leader, 4);
	lab_recv(&lab, 5, L, 5, 5, 1, 1);
	assert_int_equal(lab_view(&lab).proposal.leader, 5);
	lab_end(&lab);
}

/* The shell makes a core anew when members change, and gives it what was said last. */
static void
change_in_the_middle(int64_t candidate, bool voter)
{
	struct elect_event said = {.type = ELECT_EV_STATE, .serial = lab_serial(1)};

	prepare(2, 2, 4, 6);
	lab_start(&lab);
	lab_look(&lab, 5, 1);
	lab_recv(&lab, 3, L, candidate, 9, 7, 1);
	said.vote = lab_first(&lab, ELECT_ACT_STATE)->vote;
	assert_int_equal(said.vote.leader, candidate);
	lab_end(&lab);

	prepare(2, 2, 4, 6);
	if (!voter) /* 3 is removed */
		lab_config.servers[2].observer = next.servers[1].observer = true;
	lab.options.synced = false;
	lab_start(&lab);
	lab_give(&lab, said);
	said.vote.leader = 2; /* what connmgr had until then is older */
	lab_give(&lab, said);
	lab_look(&lab, 5, 1);
	lab_recv(&lab, 1, L, 1, 5, 7, 1); /* a worse vote of the replay */
	lab_type(&lab, ELECT_EV_SYNCED);
}

static void
no_vote_falls(void **state)
{
	(void)state;
	change_in_the_middle(3, true);
	assert_int_equal(lab_count(&lab, ELECT_ACT_STATE), 0); /* it is known */
	for (unsigned i = 0; i < lab.out.count; i++)
		if (lab.out.list[i].type == ELECT_ACT_BROADCAST)
			lab_is_vote(&lab.out.list[i], L, 3, 7);
	lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, 3, 7);
	lab_end(&lab);
	/* the candidate is none any more: a vote of a higher round, which falls not */
	change_in_the_middle(3, false);
	lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, 2, 8);
	lab_is_vote(lab_first(&lab, ELECT_ACT_STATE), L, 2, 8);
	lab_end(&lab);
}

/* A candidate that loses its weight with the new members leads no election. */
static void
a_candidate_without_weight(void **state)
{
	static const char text[] = SERVER(1) SERVER(2)
	    SERVER(3) "group.1=1:2:3\nweight.1=1\nweight.2=1\nweight.3=0\nversion=6";
	struct elect_event said = {.type = ELECT_EV_STATE,
	                           .serial = lab_serial(1),
	                           .vote = {.leader = 3, .zxid = 5, .round = 4}};

	(void)state;
	prepare(2, 0, 0, 0);
	assert_int_equal(qconfig_parse(text, strlen(text), true, &lab_config), 0);
	lab.options.synced = false;
	lab_start(&lab);
	lab_give(&lab, said);
	lab_look(&lab, 5, 1);
	lab_type(&lab, ELECT_EV_SYNCED);
	lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, 2, 5);
	lab_end(&lab);
}

static void
asking(bool joins)
{
	static const int64_t others[] = {8, 2, 9};

	prepare(2, 0, 0, 0);
	lab.options.joins = joins;
	lab.options.others = others;
	lab.options.other_count = 3;
	lab_start(&lab);
}

static void
looking_for(bool joins)
{
	asking(joins);
	lab_look(&lab, 5, 1);
}

#define NEWER SERVER(3) SERVER(8) "version=6"

static void
followed_at_once(void **state)
{
	static const struct {
		int64_t from, leader;
		int32_t says;
		const char *text;
		bool joins, followed;
	} cases[] = {
	    {3, 3, D, NEWER, false, true},
	    /* in neither list, and linked */
	    {8, 8, D, NEWER, false, true},
	    /* the same members in a newer version */
	    {3, 3, D, SERVER(3) SERVER(2) SERVER(1) "version=1f", false, true},
	    /* no address is known */
	    {77, 77, D, NEWER, false, false},
	    {77, 77, D, NEWER, true, false},
	    /* the same version, an older one, none, one that cannot be read */
	    {3, 3, D, SERVER(3) SERVER(8) "version=5", false, false},
	    {3, 3, D, SERVER(3) SERVER(8) "version=4", false, false},
	    {8, 8, D, NULL, false, false},
	    {3, 3, D, "server.nonsense", false, false},
	    /* it does not lead, or it is not it that leads */
	    {3, 3, F, NEWER, false, false},
	    {3, 3, L, NEWER, false, false},
	    {3, 3, O, NEWER, false, false},
	    {3, 8, D, NEWER, false, false},
	    {3, 8, F, NEWER, true, false},
	    /* without a record of ours, whoever leads */
	    {3, 3, D, SERVER(3) SERVER(8) "version=4", true, true},
	    {9, 9, D, NULL, true, true},
	    {9, 9, L, NULL, true, false},
	    {2, 2, D, NEWER, true, false}, /* in our own name */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		looking_for(cases[i].joins);
		recv_with(cases[i].from, cases[i].says, cases[i].leader, cases[i].text);
		if (lab_count(&lab, ELECT_ACT_DECIDED) != cases[i].followed)
			fail_msg("case %zu", i);
		if (cases[i].followed) {
			const struct elect_action *a = lab_first(&lab, ELECT_ACT_DECIDED);

			lab_is_vote(a, F, cases[i].leader, 9);
			assert_int_equal(a->reason, ELECT_REASON_NEWER);
			assert_int_equal(lab_view(&lab).state, F);
		} else {
			assert_int_not_equal(lab_view(&lab).phase, ELECT_PHASE_IDLE);
		}
		lab_end(&lab);
	}
}

/* In the window as well; while we serve nothing of it counts; without the option, or
 * before the replay has ended, neither. */
static void
when_it_is_followed(void **state)
{
	(void)state;
	looking_for(false);
	agree(1);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_FINALIZE);
	recv_with(8, D, 8, NEWER);
	lab_is_vote(lab_first(&lab, ELECT_ACT_DECIDED), F, 8, 9);
	recv_with(3, D, 3, SERVER(3) "version=7");
	assert_int_equal(lab_count(&lab, ELECT_ACT_DECIDED), 0);
	lab_role(&lab, F, 8, 9, 1);
	recv_with(3, D, 3, SERVER(3) "version=7");
	assert_true(lab_quiet(&lab));
	assert_int_equal(lab_view(&lab).current.leader, 8);
	lab_end(&lab);

	prepare(2, 0, 0, 0);
	lab.options.follow_newer = false;
	lab_start(&lab);
	lab_look(&lab, 5, 1);
	recv_with(3, D, 3, NEWER);
	assert_int_equal(lab_count(&lab, ELECT_ACT_DECIDED), 0);
	lab_end(&lab);

	prepare(2, 0, 0, 0);
	lab.options.synced = false;
	lab_start(&lab);
	lab_look(&lab, 5, 1);
	recv_with(3, D, 3, NEWER);
	assert_true(lab_quiet(&lab));
	lab_type(&lab, ELECT_EV_SYNCED);
	assert_int_equal(lab_count(&lab, ELECT_ACT_DECIDED), 0);
	lab_end(&lab);

	/* an observer observes */
	prepare(9, 0, 0, 0);
	lab.options.observer = true;
	lab_start(&lab);
	lab_look(&lab, 5, 1);
	recv_with(3, D, 3, NEWER);
	lab_is_vote(lab_first(&lab, ELECT_ACT_DECIDED), O, 3, 9);
	lab_end(&lab);
}

/* Where no voter is linked, those that are to be asked still are, and when their links
 * come up. */
static void
others_are_asked(void **state)
{
	(void)state;
	looking_for(false);
	assert_true(lab_wait(&lab, 1000));
	assert_int_equal(lab_count(&lab, ELECT_ACT_CONNECT_ALL), 1);
	lab_link(&lab, 8, true, false, false);
	lab_is_vote(lab_first(&lab, ELECT_ACT_SEND), L, 2, 1);
	assert_int_equal(lab_first(&lab, ELECT_ACT_SEND)->sid, 8);
	assert_true(lab_wait(&lab, 1000));
	assert_int_equal(lab_count(&lab, ELECT_ACT_CONNECT_ALL), 0);
	assert_int_equal(lab_count(&lab, ELECT_ACT_BROADCAST), 1);
	lab_link(&lab, 8, false, true, false);
	assert_true(lab_wait(&lab, 1000));
	assert_int_equal(lab_count(&lab, ELECT_ACT_CONNECT_ALL), 1);
	lab_link(&lab, 77, true, false, false); /* a stranger is none of them */
	assert_int_equal(lab.out.count, 0);
	lab_link(&lab, 9, true, false, false);
	lab_type(&lab, ELECT_EV_AGAIN); /* its links are to be told anew */
	lab_look_again(&lab, 5, 1);
	lab_type(&lab, ELECT_EV_SYNCED);
	assert_true(lab_wait(&lab, 1000));
	assert_int_equal(lab_count(&lab, ELECT_ACT_CONNECT_ALL), 1);
	lab_end(&lab);

	looking_for(false);
	lab_recv(&lab, 8, L, 3, 99, 1, 9); /* and their votes count for nothing */
	assert_int_equal(lab_view(&lab).proposal.leader, 2);
	lab_end(&lab);
}

/* Servers that join, and are a quorum of their own file, of whom nobody stands: they go
 * on asking, and hear who leads. Those who found a group stand. */
static void
joiners_elect_none_of_themselves(void **state)
{
	(void)state;
	for (int stands = 0; stands < 2; stands++) {
		int64_t least = stands ? 1 : INT64_MIN;

		prepare(3, 0, 0, 0);
		lab.options.joins = true;
		lab_start(&lab);
		lab_look(&lab, least, least);
		lab_recv(&lab, 1, L, 3, least, 1, least);
		lab_recv(&lab, 2, L, 3, least, 1, least);
		assert_int_equal(lab_view(&lab).state == NOTIF_LEADING, stands);
		lab_end(&lab);
	}
}

/* Server 2 counts us as no voter, so it answers whatever we say. */
static void
the_same_answers_end_for_a_moment(void **state)
{
	(void)state;
	prepare(3, 0, 0, 0);
	lab_start(&lab);
	lab_look(&lab, 5, 1);
	lab_look_without(&lab, 1); /* round 2 */
	for (unsigned i = 0; i < 40; i++) {
		lab_recv(&lab, 2, L, 2, 5, 1, 1);
		assert_int_equal(lab_count(&lab, ELECT_ACT_SEND), i < 32);
	}
	lab_recv(&lab, 2, L, 2, 6, 1, 1); /* it says something else */
	assert_int_equal(lab_count(&lab, ELECT_ACT_SEND), 1);
	lab.now_ms += 100;
	lab_recv(&lab, 2, L, 2, 6, 1, 1);
	assert_int_equal(lab_count(&lab, ELECT_ACT_SEND), 1);
	lab_end(&lab);
}

/* Two that are no voters, as two observers are, and ask each other: the same answer to
 * the same is not given again at once, else they would talk as fast as they can. */
static void
outsiders_end_their_talk(void **state)
{
	(void)state;
	looking_for(false);
	lab_recv(&lab, 8, L, 3, 99, 1, 9);
	assert_int_equal(lab_count(&lab, ELECT_ACT_SEND), 1);
	lab_recv(&lab, 8, L, 3, 99, 1, 9); /* its answer to that */
	assert_int_equal(lab_count(&lab, ELECT_ACT_SEND), 0);
	lab_recv(&lab, 8, O, 3, 99, 1, 9); /* it says something else, */
	assert_int_equal(lab_count(&lab, ELECT_ACT_SEND), 1);
	lab_recv(&lab, 8, O, 3, 99, 2, 10);
	assert_int_equal(lab_count(&lab, ELECT_ACT_SEND), 1);
	lab_recv(&lab, 8, O, 3, 99, 2, 10);
	assert_int_equal(lab_count(&lab, ELECT_ACT_SEND), 0);
	lab_link(&lab, 8, true, false, false); /* who has a new link may have missed it */
	lab_recv(&lab, 8, O, 3, 99, 2, 10);
	assert_int_equal(lab_count(&lab, ELECT_ACT_SEND), 1);
	lab.now_ms += 100; /* it asks again */
	lab_recv(&lab, 8, O, 3, 99, 2, 10);
	assert_int_equal(lab_count(&lab, ELECT_ACT_SEND), 1);
	lab_recv(&lab, 99, L, 3, 99, 1, 9); /* a stranger, whom we do not ask */
	lab_recv(&lab, 99, L, 3, 99, 1, 9);
	assert_int_equal(lab_count(&lab, ELECT_ACT_SEND), 1);
	lab_end(&lab);

	/* the vote of our look is that of our role: it must hear that we lead */
	asking(false);
	lab_look(&lab, 0, 1);
	lab_recv(&lab, 8, L, 3, 99, 1, 9);
	lab_is_vote(lab_first(&lab, ELECT_ACT_SEND), L, 2, 1);
	lab_role(&lab, D, 2, 1, 1);
	lab_recv(&lab, 8, L, 3, 99, 1, 9);
	lab_is_vote(lab_first(&lab, ELECT_ACT_SEND), D, 2, 1);
	lab_end(&lab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(two_memberships_count_jointly),
	    cmocka_unit_test(a_voter_of_the_new_may_lead),
	    cmocka_unit_test(a_weight_in_either),
	    cmocka_unit_test(no_vote_falls),
	    cmocka_unit_test(a_candidate_without_weight),
	    cmocka_unit_test(followed_at_once),
	    cmocka_unit_test(when_it_is_followed),
	    cmocka_unit_test(others_are_asked),
	    cmocka_unit_test(joiners_elect_none_of_themselves),
	    cmocka_unit_test(the_same_answers_end_for_a_moment),
	    cmocka_unit_test(outsiders_end_their_talk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
