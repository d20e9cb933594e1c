/* view/probe_judge: who leads, by what all of them said. */
#include "view/probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define THREE                                                                            \
	"server.1=10.0.0.1:2888:3888:participant\n"                                      \
	"server.2=10.0.0.2:2888:3888:participant\n"                                      \
	"server.3=10.0.0.3:2888:3888:participant\nversion=0"
#define FIVE                                                                             \
	"server.4=10.0.0.4:2888:3888:participant\n"                                      \
	"server.5=10.0.0.5:2888:3888:participant\n" THREE
#define OBSERVED "server.4=10.0.0.4:2888:3888:observer\n" THREE
#define LONE     "server.4=10.0.0.4:2888:3888:participant\nversion=0"
#define NAMES                                                                            \
	"server.1=zk1:2888:3888:participant\nserver.2=zk2:2888:3888:participant\n"       \
	"server.3=zk3:2888:3888:participant\nversion=0"
#define PORTS                                                                            \
	"server.1=localhost:1001:2001:participant\n"                                     \
	"server.2=localhost:1002:2002:participant\n"                                     \
	"server.3=localhost:1003:2003:participant\nversion=0"
#define WILD(n, a, b, c)                                                                 \
	"server.1=" a ":2888:3888:participant\nserver.2=" b ":2888:3888:participant\n"   \
	"server.3=" c ":2888:3888:participant\nversion=0"
#define GROUPS                                                                           \
	FIVE "\nserver.6=10.0.0.6:2888:3888:participant\ngroup.1=1:2\ngroup.2=3:4\n"     \
	     "group.3=5:6\nweight.2=0\nweight.1=3\n"

enum { LOOK = NOTIF_LOOKING, FOLLOW, LEAD, OBSERVE, DEAD };

struct said {
	const char *address; /* NULL: the end */
	int state;
	int64_t leader;
	const char *config;
};

struct scene {
	const char *what;
	struct said said[8];
	bool has_leader;
	int64_t leader;
	bool quorum;
};

#define A(n) "10.0.0." #n ":3888"

static const struct scene scenes[] = {
    {"all three",
     {{A(1), FOLLOW, 3, THREE}, {A(2), FOLLOW, 3, THREE}, {A(3), LEAD, 3, THREE}},
     true,
     3,
     true},
    {"two of three", {{A(1), FOLLOW, 3, THREE}, {A(3), LEAD, 3, THREE}}, true, 3, true},
    {"the leader alone", {{A(3), LEAD, 3, THREE}, {A(1), DEAD, 0, NULL}}, true, 3, false},
    {"a quorum without the leader's word",
     {{A(1), FOLLOW, 3, THREE}, {A(2), FOLLOW, 3, THREE}},
     false,
     0,
     false},
    {"one server asked twice",
     {{A(3), LEAD, 3, THREE}, {A(3), LEAD, 3, THREE}},
     true,
     3,
     false},
    {"two of five", {{A(1), FOLLOW, 3, FIVE}, {A(3), LEAD, 3, FIVE}}, true, 3, false},
    {"three of five",
     {{A(1), FOLLOW, 3, FIVE}, {A(3), LEAD, 3, FIVE}, {A(4), FOLLOW, 3, FIVE}},
     true,
     3,
     true},
    {"an observer is no voter",
     {{A(3), LEAD, 3, OBSERVED}, {A(4), OBSERVE, 3, OBSERVED}},
     true,
     3,
     false},
    {"a LOOKING server names its last leader",
     {{A(1), LOOK, 3, THREE}, {A(2), LOOK, 3, THREE}, {A(3), LEAD, 3, THREE}},
     true,
     3,
     false},
    {"all look",
     {{A(1), LOOK, 3, THREE}, {A(2), LOOK, 3, THREE}, {A(3), LOOK, 3, THREE}},
     false,
     0,
     false},
    {"half-changed: the survivors follow the dead leader",
     {{A(1), FOLLOW, 3, THREE}, {A(2), FOLLOW, 3, THREE}, {A(3), DEAD, 0, NULL}},
     false,
     0,
     false},
    {"half-changed: the new leader still names the dead one",
     {{A(1), FOLLOW, 3, THREE}, {A(2), LEAD, 3, THREE}, {A(3), DEAD, 0, NULL}},
     false,
     0,
     false},
    {"half-changed, and the dead one is not asked",
     {{A(1), FOLLOW, 3, THREE}, {A(2), LEAD, 3, THREE}},
     false,
     0,
     false},
    {"an old leader, cut off, and the new one",
     {{A(3), LEAD, 3, THREE}, {A(1), FOLLOW, 2, THREE}, {A(2), LEAD, 2, THREE}},
     true,
     2,
     true},
    {"two leaders, neither with a quorum",
     {{A(3), LEAD, 3, FIVE}, {A(2), LEAD, 2, FIVE}},
     false,
     0,
     false},
    {"two leaders, each with a quorum of its own configuration",
     {{A(4), LEAD, 4, LONE}, {A(3), LEAD, 3, THREE}, {A(1), FOLLOW, 3, THREE}},
     false,
     0,
     false},
    {"configurations that differ: a quorum of each",
     {{A(1), FOLLOW, 3, FIVE}, {A(2), FOLLOW, 3, FIVE}, {A(3), LEAD, 3, THREE}},
     true,
     3,
     true},
    {"configurations that differ: of one only",
     {{A(1), FOLLOW, 3, FIVE}, {A(3), LEAD, 3, THREE}},
     true,
     3,
     false},
    {"no configuration", {{A(3), LEAD, 3, ""}, {A(1), FOLLOW, 3, ""}}, true, 3, false},
    {"no configuration that can be read",
     {{A(3), LEAD, 3, "garbage"}, {A(1), FOLLOW, 3, "server.1=x"}},
     true,
     3,
     false},
    {"known by name",
     {{"zk1:3888", FOLLOW, 3, NAMES}, {"ZK3:3888", LEAD, 3, NAMES}},
     true,
     3,
     true},
    {"known by port",
     {{"127.0.0.1:2001", FOLLOW, 3, PORTS}, {"127.0.0.1:2003", LEAD, 3, PORTS}},
     true,
     3,
     true},
    {"not known at all: only the leader, by its word",
     {{A(1), FOLLOW, 3, NAMES}, {A(2), FOLLOW, 3, NAMES}, {A(3), LEAD, 3, NAMES}},
     true,
     3,
     false},
    {"not known, and that sid is another's",
     {{A(1), FOLLOW, 3, NAMES}, {A(2), LEAD, 3, NAMES}, {"zk3:3888", DEAD, 0, NULL}},
     false,
     0,
     false},
    {"a wildcard in its own configuration",
     {{"zk1:3888", FOLLOW, 3, WILD(1, "0.0.0.0", "zk2", "zk3")},
      {"zk3:3888", LEAD, 3, WILD(3, "zk1", "zk2", "0.0.0.0")}},
     true,
     3,
     true},
    {"groups and weights: 1 alone is its group, 3 and 4 theirs",
     {{A(1), LEAD, 1, GROUPS}, {A(3), FOLLOW, 1, GROUPS}, {A(4), FOLLOW, 1, GROUPS}},
     true,
     1,
     true},
    {"groups: four of six, but one group only",
     {{A(1), LEAD, 1, GROUPS},
      {A(2), FOLLOW, 1, GROUPS},
      {A(3), FOLLOW, 1, GROUPS},
      {A(5), FOLLOW, 1, GROUPS}},
     true,
     1,
     false},
    {"another ensemble's servers do not count",
     {{"10.9.9.1:3888", FOLLOW, 3, FIVE}, {A(3), LEAD, 3, THREE}},
     true,
     3,
     false},
};

static struct probe *
stage(const struct said *said)
{
	struct probe *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	for (; said->address; said++) {
		struct probe_server *s = &p->servers[p->count];

		assert_true(probe_add(p, said->address));
		probe_open(s, 1, strncmp(s->host, "10.", 3) == 0 ? s->host : "127.0.0.1");
		if (said->state == DEAD)
			continue;
		s->answered = true;
		s->notif.vote.state = said->state;
		s->notif.vote.leader = said->leader;
		strcpy(s->config, said->config);
		s->notif.config_len = strlen(said->config);
	}
	return p;
}

static void
judge_scenes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		const struct scene *sc = &scenes[i];
		struct probe *p = stage(sc->said);
		struct probe_verdict v;

		probe_judge(p, &v);
		if (v.has_leader != sc->has_leader || v.quorum != sc->quorum ||
		    (v.has_leader && v.leader != sc->leader))
			fail_msg("%s: leader %d %lld, quorum %d", sc->what, v.has_leader,
			         (long long)v.leader, v.quorum);
		free(p);
	}
}

static void
whom_a_quorum_follows(void **state)
{
	static const struct {
		struct said said[5];
		int64_t named; /* 0: nobody */
		int at;        /* -1: not asked */
	} cases[] = {
	    {{{A(1), FOLLOW, 3, THREE}, {A(2), FOLLOW, 3, THREE}}, 3, -1},
	    {{{A(1), FOLLOW, 3, THREE}, {A(2), FOLLOW, 3, THREE}, {A(3), DEAD, 0, NULL}},
	     3,
	     2},
	    {{{A(3), LOOK, 3, THREE}, {A(1), FOLLOW, 3, THREE}, {A(2), FOLLOW, 3, THREE}},
	     3,
	     0},
	    {{{A(1), FOLLOW, 3, THREE}, {A(3), DEAD, 0, NULL}}, 0, -1},
	    {{{A(1), FOLLOW, 3, FIVE}, {A(2), FOLLOW, 3, FIVE}}, 0, -1},
	    {{{A(1), FOLLOW, 3, THREE}, {A(2), FOLLOW, 3, THREE}, {A(3), LEAD, 3, THREE}},
	     0,
	     -1},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct probe *p = stage(cases[i].said);
		struct probe_verdict v;

		probe_judge(p, &v);
		assert_int_equal(v.has_named, cases[i].named != 0);
		assert_int_equal(v.named, cases[i].named);
		assert_ptr_equal(v.named_at,
		                 cases[i].at < 0 ? NULL : &p->servers[cases[i].at]);
		free(p);
	}
}

static void
answers_are_counted(void **state)
{
	static const struct said none[] = {
	    {A(1), DEAD, 0, NULL}, {A(2), DEAD, 0, NULL}, {NULL, 0, 0, NULL}};
	static const struct said one[] = {
	    {A(1), LOOK, 1, THREE}, {A(2), DEAD, 0, NULL}, {NULL, 0, 0, NULL}};
	struct probe *p = stage(none);
	struct probe_verdict v;

	(void)state;
	probe_judge(p, &v);
	assert_int_equal(v.answered, 0);
	free(p);
	p = stage(one);
	probe_judge(p, &v);
	assert_int_equal(v.answered, 1);
	free(p);
}

/* Asked by number, configured by name. */
static void
names_tell_who_is_who(void **state)
{
	static const struct said said[] = {
	    {A(1), FOLLOW, 3, NAMES}, {A(3), LEAD, 3, NAMES}, {NULL, 0, 0, NULL}};
	struct probe *p = stage(said);
	char name[QCONFIG_HOST_MAX];
	struct probe_verdict v;
	unsigned wanted = 0;

	(void)state;
	while (probe_name_wanted(p, name)) {
		char numeric[] = "10.0.0.0";

		assert_int_equal(strncmp(name, "zk", 2), 0);
		numeric[7] = name[2];
		probe_name_add(p, name, "");
		probe_name_add(p, name, "::1");
		probe_name_add(p, name, numeric);
		wanted++;
	}
	assert_int_equal(wanted, 3);
	probe_judge(p, &v);
	assert_true(v.quorum);
	assert_int_equal(v.leader, 3);
	free(p);
}

/* What is known, or a number, needs no look-up; and there is an end of them. */
static void
no_needless_names(void **state)
{
	static const struct said known[] = {
	    {"zk1:3888", FOLLOW, 3, NAMES}, {A(3), LEAD, 3, THREE}, {NULL, 0, 0, NULL}};
	static const struct said unknown[] = {
	    {"a:9", FOLLOW, 3, NAMES}, {"b:3888", LEAD, 3, THREE}, {NULL, 0, 0, NULL}};
	static const struct said many[] = {{A(1), FOLLOW, 3, NAMES}, {NULL, 0, 0, NULL}};
	char name[QCONFIG_HOST_MAX];
	struct probe *p = stage(known);

	(void)state;
	assert_false(probe_name_wanted(p, name));
	free(p);
	p = stage(unknown);
	assert_false(probe_name_wanted(p, name));
	free(p);
	p = stage(many);
	for (unsigned i = 0; i < PROBE_NAMES_MAX + 5; i++)
		probe_name_add(p, "other", "1.2.3.4");
	assert_int_equal(p->name_count, PROBE_NAMES_MAX);
	assert_false(probe_name_wanted(p, name));
	free(p);
}

/* FIVE without its last line, with a version as Conclave prints it, and other addresses.
 */
#define FIVE_V4                                                                          \
	"server.4=10.9.9.4:2888:3888:participant\n"                                      \
	"server.5=10.9.9.5:2888:3888:participant\n"                                      \
	"server.1=10.0.0.1:2888:3888:participant\n"                                      \
	"server.2=10.0.0.2:2888:3888:participant\n"                                      \
	"server.3=10.0.0.3:2888:3888:participant\nversion=4"
#define THREE_V3                                                                         \
	"server.1=10.0.0.1:2888:3888:participant\n"                                      \
	"server.2=10.0.0.2:2888:3888:participant\n"                                      \
	"server.3=10.0.0.3:2888:3888:participant\nversion=3"

/* What is said of leaders, and of memberships ("" where they are the same). */
static const struct {
	struct said said[6];
	const char *leaders, *members;
} spoken[] = {
    {{{A(1), FOLLOW, 3, THREE}, {A(2), FOLLOW, 3, THREE}, {A(3), LEAD, 3, THREE}},
     "leader 3",
     ""},
    {{{A(3), LEAD, 3, THREE}}, "leader 3, by its own word alone: no quorum names it", ""},
    {{{A(1), LOOK, 1, THREE}}, "no leader", ""},
    {{{A(1), DEAD, 0, NULL}}, "nobody answers", ""},
    {{{A(1), FOLLOW, 3, THREE}, {A(2), FOLLOW, 3, THREE}, {A(3), DEAD, 0, NULL}},
     "no leader that says so itself: a quorum follows 3, which does not answer",
     ""},
    {{{A(1), FOLLOW, 3, THREE}, {A(2), FOLLOW, 3, THREE}, {A(3), LOOK, 0, THREE}},
     "no leader that says so itself: a quorum follows 3, which does not say that "
     "it leads",
     ""},
    {{{A(1), FOLLOW, 3, THREE}, {A(2), FOLLOW, 3, THREE}},
     "no leader that says so itself: a quorum follows 3, which was not asked",
     ""},
    /* an old one that has not noticed */
    {{{A(3), LEAD, 3, THREE}, {A(1), FOLLOW, 2, THREE}, {A(2), LEAD, 2, THREE}},
     "2 leaders: 3 (epoch 7, by its own word alone), 2 (epoch 7, a quorum names "
     "it)",
     ""},
    /* files that were changed one by one */
    {{{A(1), FOLLOW, 2, THREE_V3},
      {A(2), LEAD, 2, THREE_V3},
      {A(3), FOLLOW, 5, FIVE},
      {A(4), FOLLOW, 5, FIVE},
      {A(5), LEAD, 5, FIVE}},
     "2 leaders: 2 (epoch 7, a quorum names it), 5 (epoch 7, a quorum names it)",
     "the servers report different memberships: version 3 of 1 2 3 at "
     "10.0.0.1:3888, 10.0.0.2:3888; version 0 of 1 2 3 4 5 at 10.0.0.3:3888, "
     "10.0.0.4:3888, 10.0.0.5:3888"},
    /* the version, or the list, is another; an address, or a text that is none,
     * is not */
    {{{A(1), FOLLOW, 3, THREE}, {A(2), FOLLOW, 3, THREE_V3}, {A(3), LEAD, 3, ""}},
     "leader 3",
     "the servers report different memberships: version 0 of 1 2 3 at "
     "10.0.0.1:3888; version 3 of 1 2 3 at 10.0.0.2:3888"},
    {{{A(1), LEAD, 1, WILD(1, "0.0.0.0", "10.0.0.2", "10.9.9.3")},
      {A(2), FOLLOW, 1, THREE}},
     "leader 1",
     ""},
    {{{A(1), LOOK, 1, OBSERVED}, {A(2), LOOK, 1, FIVE_V4}},
     "no leader",
     "the servers report different memberships: version 0 of 1 2 3 4 at "
     "10.0.0.1:3888; version 4 of 1 2 3 4 5 at 10.0.0.2:3888"},
};

static void
sentences(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(spoken) / sizeof(spoken[0]); i++) {
		struct probe *p = stage(spoken[i].said);
		struct probe_verdict v;
		char text[1024];

		for (unsigned k = 0; k < p->count; k++)
			p->servers[k].notif.vote.epoch = 7;
		probe_judge(p, &v);
		assert_string_equal(probe_say(&v, text, sizeof(text)), spoken[i].leaders);
		assert_string_equal(probe_say_members(p, text, sizeof(text)),
		                    spoken[i].members);
		assert_int_equal(strlen(probe_say_members(p, text, 20)),
		                 *spoken[i].members ? 19 : 0);
		free(p);
	}
}

static void
check_json(const struct probe *p, const struct probe_verdict *v, const char *key,
           const char *want)
{
	json_t *all = probe_json(p, v);
	char *got = json_dumps(json_object_get(all, key), JSON_COMPACT | JSON_ENCODE_ANY);

	assert_string_equal(got, want);
	free(got);
	json_decref(all);
}

static void
json(void **state)
{
	static const struct said said[] = {
	    {A(1), FOLLOW, 2, THREE_V3}, {A(2), LEAD, 2, THREE_V3}, {A(3), LEAD, 3, FIVE},
	    {A(4), LOOK, 3, "garbage"},  {A(5), DEAD, 0, NULL},     {NULL, 0, 0, NULL}};
	struct probe *p = stage(said);
	struct probe_verdict v;

	(void)state;
	p->servers[1].notif.vote.epoch = 6;
	p->servers[2].notif.vote.epoch = 7;
	probe_judge(p, &v);
	check_json(p, &v, "leader", "2");
	check_json(p, &v, "quorum", "true");
	check_json(p, &v, "leaders",
	           "[{\"id\":2,\"epoch\":6,\"quorum\":true},"
	           "{\"id\":3,\"epoch\":7,\"quorum\":false}]");
	check_json(p, &v, "memberships",
	           "[{\"version\":3,\"members\":[1,2,3],\"servers\":[\"10.0.0.1:3888\","
	           "\"10.0.0.2:3888\"]},{\"version\":0,\"members\":[1,2,3,4,5],"
	           "\"servers\":[\"10.0.0.3:3888\"]}]");
	check_json(p, &v, "named", "null");
	free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(judge_scenes),
	    cmocka_unit_test(whom_a_quorum_follows),
	    cmocka_unit_test(answers_are_counted),
	    cmocka_unit_test(sentences),
	    cmocka_unit_test(json),
	    cmocka_unit_test(names_tell_who_is_who),
	    cmocka_unit_test(no_needless_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
