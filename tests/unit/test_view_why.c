/* view/why: each cause of a looking, its sentence, and their order. */
#include "tests/unit/view_kit.h"
#include "view/why.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Of connmgr: how its election links to 2 and 3 are. */
static void
add_links(const char *link2, const char *why2, int since2, const char *link3,
          const char *why3, int since3)
{
	char text[1024];

	snprintf(text, sizeof(text),
	         "{\"remotes\":[{\"id\":2,\"lane\":\"learner\",\"link\":\"down\","
	         "\"reason\":\"eof\",\"since_ms\":1},"
	         "{\"id\":2,\"lane\":\"election\",\"link\":\"%s\",\"reason\":\"%s\","
	         "\"since_ms\":%d},{\"id\":3,\"lane\":\"election\",\"link\":\"%s\","
	         "\"reason\":\"%s\",\"since_ms\":%d}]}",
	         link2, why2, since2, link3, why3, since3);
	add("connmgr", 0, 12, text);
}

static void
add_both_up(void)
{
	add_links("up", "", 90000, "up", "", 90000);
}

/* Of the elector: what it heard of 2 and 3, -1: nothing. */
static void
add_elector(int heard2, int heard3, bool others3)
{
	char text[1024], ages[2][16] = {"null", "null"};

	if (heard2 >= 0)
		snprintf(ages[0], sizeof(ages[0]), "%d", heard2);
	if (heard3 >= 0)
		snprintf(ages[1], sizeof(ages[1]), "%d", heard3);
	snprintf(
	    text, sizeof(text),
	    "{\"who\":\"elector\",\"active\":true,\"state\":\"looking\",\"round\":7,"
	    "\"vote\":{\"leader\":3,\"round\":7},\"remotes\":["
	    "{\"id\":2,\"state\":\"looking\",\"vote\":{\"leader\":3,\"round\":6},"
	    "\"heard_ms\":%s,\"other_members\":false},{\"id\":3,\"state\":\"looking\","
	    "\"vote\":{\"leader\":3,\"round\":7},\"heard_ms\":%s,"
	    "\"other_members\":%s}]}",
	    ages[0], ages[1], others3 ? "true" : "false");
	add("elector-main", 0, 13, text);
}

/* Of the peer; `looking`: the members besides since_ms. */
static void
add_peer(int since_ms, const char *phase, const char *obstacle, const char *looking)
{
	char text[2048];

	snprintf(text, sizeof(text),
	         "{\"state\":\"looking\",\"phase\":\"%s\",\"leader\":null,"
	         "\"obstacle\":\"%s\",\"reason\":\"%s\",\"looking\":{\"since_ms\":%d,%s,"
	         "\"text\":\"as the peer says\"}}",
	         phase, obstacle, *obstacle ? "it cannot" : "", since_ms, looking);
	add("peer", 0, 14, text);
}

#define STARTED "\"last\":\"start\",\"tried\":null,\"link\":\"\""

/* The causes as "name name", and the sentence. */
static void
expect(const char *names, const char *sentence)
{
	json_t *looking = why_looking(&conf, &asks);
	const json_t *row;
	char got[256] = "";
	size_t i;

	assert_non_null(looking);
	json_array_foreach (json_object_get(looking, "causes"), i, row) {
		assert_int_equal(json_object_size(row), 5);
		assert_true(*member_string(row, "text"));
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s",
		         i > 0 ? " " : "", member_string(row, "cause"));
	}
	assert_string_equal(got, names);
	assert_string_equal(member_string(looking, "text"), sentence);
	json_decref(looking);
}

static const json_t *
cause_row(const json_t *looking, size_t at)
{
	return json_array_get(json_object_get(looking, "causes"), at);
}

static void
established(void **state)
{
	(void)state;
	add("peer", 0, 14, "{\"state\":\"following\",\"leader\":0,\"looking\":null}");
	assert_null(why_looking(&conf, &asks));
}

static void
a_moment(void **state)
{
	(void)state;
	add_links("down", "refused", 200, "connecting", "", 200);
	add_elector(-1, 100, true);
	add_peer(299, "election", "", STARTED);
	expect("electing",
	       "election under way since 0.2 s, round 7, votes for 3: 2 of 2");
}

static void
expect_no_vote(const char *elector)
{
	add_both_up();
	add("elector-main", 0, 13, elector);
	add_peer(999, "election", "", STARTED);
	expect("electing", "election under way since 0.9 s");
}

/* A server that does not count votes for nobody. */
static void
a_bystander(void **state)
{
	(void)state;
	expect_no_vote(
	    "{\"who\":\"elector\",\"active\":true,\"state\":\"looking\",\"round\":7,"
	    "\"vote\":{\"leader\":-9223372036854775808,\"round\":7}}");
}

/* An elector that has not been told to look has no vote. */
static void
a_moment_without_a_vote(void **state)
{
	(void)state;
	expect_no_vote(
	    "{\"who\":\"elector\",\"active\":true,\"state\":\"silent\",\"round\":0,"
	    "\"vote\":null}");
}

static void
establishing(void **state)
{
	(void)state;
	add_both_up();
	add_elector(100, 100, false);
	add_peer(20, "discovery", "", "\"last\":\"start\",\"tried\":3,\"link\":\"\"");
	expect("establishing", "as the peer says");
}

static void
few_voters(void **state)
{
	json_t *looking;

	(void)state;
	add_links("down", "refused", 5000, "up", "", 60000);
	add_elector(-1, 4130, false);
	add_peer(12000, "election", "", STARTED);
	expect(
	    "few_voters not_linked silent",
	    "1 of 3 voters reachable, 2 needed: server 2 refused, server 3 silent since "
	    "4.1 s");
	again();
	/* it was not asked before we looked, whenever it spoke last */
	add_links("down", "refused", 5000, "up", "", 86400000);
	add_elector(-1, 80000000, false);
	add_peer(4200, "election", "", STARTED);
	expect(
	    "few_voters not_linked silent",
	    "1 of 3 voters reachable, 2 needed: server 2 refused, server 3 silent since "
	    "4.2 s");
	again();
	add_links("down", "refused", 5000, "up", "", 60000);
	add_elector(-1, 4130, false);
	add_peer(12000, "election", "", STARTED);
	looking = why_looking(&conf, &asks);
	assert_int_equal(member_number(looking, "since_ms"), 12000);
	assert_true(json_is_null(json_object_get(cause_row(looking, 0), "id")));
	assert_int_equal(member_number(cause_row(looking, 1), "id"), 2);
	assert_string_equal(member_string(cause_row(looking, 1), "reason"), "refused");
	assert_int_equal(member_number(cause_row(looking, 1), "since_ms"), 5000);
	assert_int_equal(member_number(cause_row(looking, 2), "id"), 3);
	assert_int_equal(member_number(cause_row(looking, 2), "since_ms"), 4130);
	json_decref(looking);
}

/* A quorum is reachable: that one voter is missing is no cause. */
static void
one_missing(void **state)
{
	(void)state;
	add_links("down", "refused", 5000, "up", "", 60000);
	add_elector(-1, 100, false);
	add_peer(123456, "election", "", STARTED);
	expect("electing",
	       "election under way since 123 s, round 7, votes for 3: 2 of 2");
}

static void
words_of_links(void **state)
{
	static const char *const cases[][2] = {
	    {"refused", "server 2 refused"},
	    {"timeout", "server 2 does not answer"},
	    {"resolve", "server 2 has a host name without an address"},
	    {"unreachable", "server 2 is unreachable"},
	    {"eof", "server 2 closed the link"},
	    {"reset", "server 2 reset the link"},
	    {"protocol", "server 2 sent what is no frame"},
	    {"local", "server 2 cannot be dialled, an error of this host"},
	    {"tls", "server 2 refuses the TLS handshake"},
	    {"identity", "server 2 is another server, as its TLS identity says"},
	    {"never", "server 2 is not linked"},
	    {"", "server 2 is not linked"},
	    {"of-a-later-version", "server 2 is not linked"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char want[256];

		again();
		add_links("down", cases[i][0], 5000, "down", "refused", 1);
		add_elector(-1, -1, false);
		add_peer(12000, "election", "", STARTED);
		snprintf(want, sizeof(want),
		         "1 of 3 voters reachable, 2 needed: %s, server 3 refused",
		         cases[i][1]);
		expect("few_voters not_linked not_linked", want);
	}
}

/* Silence counts from the last word or from the link, and never before we looked. */
static void
silence(void **state)
{
	static const struct {
		int link_ms, heard_ms, looking_ms;
		bool silent;
	} cases[] = {
	    {60000, 2501, 60000, true},  {60000, 2500, 60000, false},
	    {60000, -1, 60000, true},    {2500, -1, 60000, false},
	    {2500, 50000, 60000, false}, {60000, 60000, 2500, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *looking;

		again();
		add_links("down", "refused", 1, "up", "", cases[i].link_ms);
		add_elector(-1, cases[i].heard_ms, false);
		add_peer(cases[i].looking_ms, "election", "", STARTED);
		looking = why_looking(&conf, &asks);
		assert_string_equal(member_string(cause_row(looking, 0), "cause"),
		                    cases[i].silent ? "few_voters" : "electing");
		json_decref(looking);
	}
}

/* Three servers of which one has all the weight. */
static void
weights(void **state)
{
	(void)state;
	conf.hierarchical = true;
	for (unsigned i = 0; i < 3; i++) {
		conf.servers[i].has_group = true;
		conf.servers[i].group = 1;
		conf.servers[i].weight = i == 2;
	}
	add_links("up", "", 60000, "down", "refused", 1);
	add_elector(100, -1, false);
	add_peer(12000, "election", "", STARTED);
	expect("few_voters not_linked",
	       "2 of 3 voters reachable, 1 needed: server 3 refused");
}

#define RECORDED(old, new)                                                               \
	STARTED "},\"members\":{\"state\":\"in-force\",\"record\":{\"old\":" old         \
		",\"new\":" new "}},\"looking\":{\"since_ms\":12000," STARTED
#define MEMBER(id) "{\"id\":" #id ",\"role\":\"participant\",\"weight\":1}"
#define TWO_OF     "{\"version\":3,\"servers\":[" MEMBER(1) "," MEMBER(3) "]}"
#define FIVE_OF                                                                          \
	"{\"version\":4,\"servers\":[" MEMBER(1) "," MEMBER(2) "," MEMBER(3) "," MEMBER( \
	    4) "," MEMBER(5) "]}"

/* What is stored counts, and not the file, which lists 1, 2 and 3 (N2). */
static void
stored_members(void **state)
{
	(void)state;
	add_links("up", "", 60000, "down", "refused", 1);
	add_elector(100, -1, false);
	add_peer(12000, "election", "", RECORDED("null", TWO_OF));
	expect("few_voters not_linked",
	       "1 of 2 voters reachable, 2 needed: server 3 refused");
	again();
	add_links("up", "", 60000, "down", "refused", 1);
	add_elector(100, -1, false);
	add_peer(12000, "election", "", RECORDED(TWO_OF, FIVE_OF));
	expect("few_voters not_linked few_voters not_linked not_linked not_linked",
	       "1 of 2 voters of members 3 reachable, 2 needed: server 3 refused");
	again();
	add_links("down", "refused", 1, "up", "", 60000);
	add_elector(-1, 100, false);
	add_peer(12000, "election", "", RECORDED(TWO_OF, FIVE_OF));
	expect("few_voters not_linked not_linked not_linked",
	       "2 of 5 voters of members 4 reachable, 3 needed: server 2 refused, server "
	       "4 is not linked, server 5 is not linked");
}

/* An observer is no voter, and does not count itself. */
static void
observers(void **state)
{
	(void)state;
	conf.servers[0].observer = true;
	add_links("up", "", 60000, "down", "refused", 1);
	add_elector(100, -1, false);
	add_peer(12000, "election", "", STARTED);
	expect("few_voters not_linked",
	       "1 of 2 voters reachable, 2 needed: server 3 refused");
}

static void
other_members(void **state)
{
	(void)state;
	add_both_up();
	add_elector(100, 100, true);
	add_peer(12000, "election", "", "\"last\":\"timeout\",\"tried\":3,\"link\":\"\"");
	expect("other_members late",
	       "server 3 lists other members: compare its configuration file with ours");
	again();
	add_links("up", "", 60000, "down", "refused", 5000); /* it has gone since */
	add_elector(100, 20000, true);
	add_peer(12000, "election", "", "\"last\":\"timeout\",\"tried\":3,\"link\":\"\"");
	expect("late", "as the peer says");
}

static void
the_last_role(void **state)
{
	static const struct {
		const char *last, *tried, *link, *cause;
	} cases[] = {
	    {"refused", "3", "refused", "quorum_port"},
	    {"refused", "3", "timeout", "quorum_port"},
	    {"refused", "3", "resolve", "quorum_port"},
	    {"refused", "3", "unreachable", "quorum_port"},
	    {"refused", "3", "local", "quorum_port"},
	    {"refused", "3", "tls", "quorum_port"},
	    {"refused", "3", "identity", "quorum_port"},
	    {"refused", "3", "eof", "turned_away"},
	    {"refused", "3", "", "turned_away"},
	    {"timeout", "3", "", "late"},
	    {"timeout", "1", "", "nobody_came"},
	    {"epoch", "3", "", "stale"},
	    {"epoch", "1", "", "other_fresher"},
	    {"doubt", "3", "", "doubt"},
	    {"quorum", "1", "", "lost_quorum"},
	    {"leader", "3", "eof", "lost_leader"},
	    {"disk", "3", "", "disk"},
	    {"disk", "1", "", "disk"},
	    {"start", "null", "", "electing"},
	    {"of-a-later-version", "3", "", "electing"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool electing = strcmp(cases[i].cause, "electing") == 0;
		char text[256];
		json_t *looking;

		again();
		add_both_up();
		add_elector(100, 100, false);
		snprintf(text, sizeof(text),
		         "\"last\":\"%s\",\"tried\":%s,\"link\":\"%s\"", cases[i].last,
		         cases[i].tried, cases[i].link);
		add_peer(1000, "election", "", text);
		expect(cases[i].cause,
		       electing ? "election under way since 1.0 s, round 7, votes for 3: "
		                  "2 of 2"
		                : "as the peer says");
		looking = why_looking(&conf, &asks);
		if (!electing && strcmp(cases[i].cause, "disk") != 0) {
			assert_int_equal(member_number(cause_row(looking, 0), "id"),
			                 atoi(cases[i].tried));
			assert_string_equal(
			    member_string(cause_row(looking, 0), "reason"),
			    cases[i].link);
		}
		json_decref(looking);
	}
}

/* Others may be elected meanwhile, and fail as well. */
static void
demoted(void **state)
{
	(void)state;
	add_both_up();
	add_elector(100, 100, false);
	add_peer(1000, "election", "",
	         "\"last\":\"timeout\",\"tried\":3,\"link\":\"\",\"demoted\":true,"
	         "\"deserted\":2");
	expect("late demoted", "as the peer says");
	again();
	add_both_up();
	add_elector(100, 100, false);
	add_peer(1000, "election", "",
	         "\"last\":\"start\",\"tried\":null,\"demoted\":true,\"deserted\":2");
	expect("demoted",
	       "this server lets others lead for now, since it was elected (2 in "
	       "a row) and no quorum came to it");
}

static void
obstacles(void **state)
{
	static const char *const words[] = {"record", "disk",        "epochs_used_up",
	                                    "port",   "epoch_ahead", "older_protocol"};

	(void)state;
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		bool other = strcmp(words[i], "older_protocol") == 0;

		again();
		add_both_up();
		add_elector(100, 100, false);
		add_peer(10, "election", words[i],
		         "\"last\":\"disk\",\"tried\":3,\"link\":\"\"");
		expect(words[i], other ? "it cannot" : "the peer cannot lead: it cannot");
	}
}

static void
workers(void **state)
{
	(void)state;
	add("connmgr", -ETIMEDOUT, 12, NULL);
	add("elector-main", 0, 13, "{\"who\":\"elector\",\"active\":false}");
	add("peer", -ECONNREFUSED, 0, NULL);
	expect("no_worker no_worker no_worker", "connmgr does not answer");
}

static void
names(void **state)
{
	(void)state;
	for (unsigned i = 0; i < WHY_CAUSES; i++) {
		assert_true(strlen(why_name((enum why_cause)i)) > 3);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(why_name((enum why_cause)i),
			                        why_name((enum why_cause)j));
	}
	assert_string_equal(why_name(WHY_CAUSES), "?");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(established),   TEST(a_moment),       TEST(a_moment_without_a_vote),
	    TEST(a_bystander),   TEST(establishing),   TEST(few_voters),
	    TEST(one_missing),   TEST(words_of_links), TEST(silence),
	    TEST(weights),       TEST(observers),      TEST(stored_members),
	    TEST(other_members), TEST(the_last_role),  TEST(demoted),
	    TEST(obstacles),     TEST(workers),        TEST(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
