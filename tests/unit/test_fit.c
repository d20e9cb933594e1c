/* view/fit: what does not fit, each fault alone, in what `systemctl show` prints. */
#include "view/fit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SERVICE(program, folder)                                                         \
	"ExecStart={ path=/x/" program " ; argv[]=/x/" program                           \
	" -c /etc/c.conf ; pid=0 }\nAmbientCapabilities=\nUser=daemon\n"                 \
	"ReadWritePaths=\nRuntimeDirectory=conclave" folder                              \
	"\nStateDirectory=conclave" folder "\n"
#define STATE(active, file)                                                              \
	"LoadState=loaded\nActiveState=" active "\nUnitFileState=" file "\n"

static const char one[] = SERVICE("conclaved", "") "Conflicts=conclave.target\n" STATE(
    "active", "enabled") "\nConflicts=conclave.service\nWants=\n" STATE("inactive",
                                                                        "disabled") "\n";
static const char many[] = SERVICE("conclaved", "") "Conflicts=conclave.target\n" STATE(
    "inactive", "disabled") "\nWants=conclave-peer.service "
			    "conclave-elector@main.service\n" STATE("active",
                                                                    "enabled") "\n";
static const char workers[] = SERVICE("connmgr", "/connmgr") STATE(
    "active", "static") "\nListen=[::]:2888 (Stream)\nListen=[::]:3888 "
			"(Stream)\nUser=\n" STATE("inactive", "enabled") "\n" SERVICE(
			    "elector", "/elector-main")
			    STATE("active", "enabled") "\n" SERVICE("peer", "/peer")
				STATE("active", "static");

#define FIT_PROBLEMS 32

struct fault {
	bool many;
	const char *from, *to; /* in the text; every one of them */
	const char *said;      /* NULL: it fits */
	bool once;             /* the first only */
};

static const struct fault faults[] = {
    {false, NULL, NULL, NULL, false},
    {true, NULL, NULL, NULL, false},
    {false, "User=daemon", "User=", "conclave.service runs as root", false},
    {false, "User=daemon", "User=nobody", "strangers", false},
    {false, "User=daemon", "User=conclave-of-no-one", "does not know", false},
    {false, "LoadState=loaded", "LoadState=not-found", "no unit", false},
    {true, "=disabled", "=enabled", "both enabled", false},
    {false, "Conflicts=", "Conflicts=x ", NULL, false},
    {false, "Conflicts=conclave", "Conflicts=xonclave", "end each other", false},
    {false, "RuntimeDirectory=conclave\n", "RuntimeDirectory=x\n",
     "/run/conclave:", false},
    {false, "RuntimeDirectory=conclave\n", "RuntimeDirectory=a conclave b\n", NULL,
     false},
    {false, "RuntimeDirectory=conclave\n", "RuntimeDirectory=conc\n",
     "/run/conclave:", false},
    {false, "ReadWritePaths=\nRuntimeDirectory=conclave\n",
     "ReadWritePaths=/run\nRuntimeDirectory=\n", NULL, false},
    {false, "StateDirectory=conclave\n", "StateDirectory=\n",
     "/var/lib/conclave:", false},
    {false, "-c /etc/c.conf", "-c /etc/d.conf", "reads /etc/d.conf", false},
    {true, "RuntimeDirectory=conclave/peer", "RuntimeDirectory=conclave/elector",
     "conclave-peer.service may not write /run/conclave/peer:", false},
    {true, "RuntimeDirectory=conclave/elector-main",
     "RuntimeDirectory=", "/run/conclave/elector-main:", false},
    {true, "StateDirectory=conclave/connmgr",
     "StateDirectory=", "/var/lib/conclave/connmgr:", false},
    {true, "StateDirectory=conclave/elector-main", "StateDirectory=", NULL, false},
    {true, "conclave-elector@", "x", "has no elector", true},
    {true, ":3888", ":3889", "listens at port 3889", false},
    {true, "Listen=[::]:3888 (Stream)\n", "", NULL, false},
};

static struct conf conf;
static char text[FIT_SHOWN_MAX];
static struct {
	size_t count;
	char problems[FIT_PROBLEMS][FIT_PROBLEM_MAX];
} verdict;

static void
replace(const char *from, const char *to, bool once)
{
	static char fresh[FIT_SHOWN_MAX];
	char *at = text, *found;

	assert_non_null(strstr(text, from));
	fresh[0] = '\0';
	while ((found = strstr(at, from))) {
		*found = '\0';
		strcat(strcat(fresh, at), to);
		at = found + strlen(from);
		if (once)
			break;
	}
	strcat(fresh, at);
	strcpy(text, fresh);
}

/* Users that every Debian has, and ours. */
static bool
is_user(const char *name)
{
	static const char *const names[] = {
	    "daemon",           "bin",          "nobody", "root", "conclave-connmgr",
	    "conclave-elector", "conclave-peer"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Who cannot read the configuration; and the groups with which that was tried last. */
static const char *blind = "";
static char tried[128];

static const char *
cannot_read(const char *user, const char *group, const char *groups, const char *file)
{
	snprintf(tried, sizeof(tried), "%s:%s", group, groups);
	return strcmp(user, blind) == 0 && strcmp(file, "/etc/c.conf") == 0
	           ? "Permission denied"
	           : NULL;
}

static void
judge(void)
{
	static const struct fit_machine machine = {is_user, cannot_read};
	json_t *problems = fit_judge(text, &conf, "/etc/c.conf", &machine), *problem;
	size_t i;

	verdict.count = json_array_size(problems);
	assert_true(verdict.count <= FIT_PROBLEMS);
	json_array_foreach (problems, i, problem)
		strcpy(verdict.problems[i], json_string_value(problem));
	json_decref(problems);
}

static void
begin(bool is_many)
{
	snprintf(text, sizeof(text), "%s%s", is_many ? many : one, workers);
}

static void
each_fault(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		const struct fault *f = &faults[i];

		begin(f->many);
		if (f->from)
			replace(f->from, f->to, f->once);
		judge();
		if (verdict.count != (f->said ? 1 : 0))
			fail_msg("fault %zu: %zu problems: %s", i, verdict.count,
			         verdict.count > 0 ? verdict.problems[0] : "");
		if (f->said && !strstr(verdict.problems[0], f->said))
			fail_msg("fault %zu: %s", i, verdict.problems[0]);
	}
}

static void
other_users(void **state)
{
	(void)state;
	begin(true);
	replace("User=daemon\nReadWritePaths=\nRuntimeDirectory=conclave/peer",
	        "User=bin\nReadWritePaths=\nRuntimeDirectory=conclave/peer", false);
	judge();
	assert_int_equal(verdict.count, 1);
	assert_non_null(strstr(verdict.problems[0], "neither would answer the other"));
}

/* The file is tried as the user of the unit, with the groups of the unit. */
static void
a_file_that_its_user_cannot_read(void **state)
{
	(void)state;
	blind = "daemon";
	begin(false);
	replace("User=daemon", "User=daemon\nGroup=adm\nSupplementaryGroups=a b", true);
	judge();
	assert_int_equal(verdict.count, 1);
	assert_string_equal(verdict.problems[0],
	                    "conclave.service runs as daemon, who cannot read "
	                    "/etc/c.conf: Permission denied; let it be read with chmod "
	                    "o+r, its folders with o+x");
	assert_string_equal(tried, "adm:a b");
	begin(true);
	judge();
	assert_int_equal(verdict.count, 3); /* each worker reads it */
	blind = "";
}

/* Each unit has the user of its worker; or two of them another's. */
static void
own_users(void **state)
{
	static const struct {
		const char *connmgr, *elector, *peer;
		size_t problems;
	} rows[] = {
	    {"conclave-connmgr", "conclave-elector", "conclave-peer", 0},
	    {"daemon", "daemon", "daemon", 0},
	    {"conclave-connmgr", "conclave-elector", "daemon", 1},
	    {"conclave-connmgr", "conclave-peer", "conclave-elector", 2},
	    {"conclave-connmgr", "conclave-connmgr", "conclave-peer", 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char user[3][96];

		begin(true);
		snprintf(user[0], 96,
		         "User=%s\nReadWritePaths=\nRuntimeDirectory=conclave/c",
		         rows[i].connmgr);
		snprintf(user[1], 96,
		         "User=%s\nReadWritePaths=\nRuntimeDirectory=conclave/e",
		         rows[i].elector);
		snprintf(user[2], 96,
		         "User=%s\nReadWritePaths=\nRuntimeDirectory=conclave/p",
		         rows[i].peer);
		replace("User=daemon\nReadWritePaths=\nRuntimeDirectory=conclave/c",
		        user[0], false);
		replace("User=daemon\nReadWritePaths=\nRuntimeDirectory=conclave/e",
		        user[1], false);
		replace("User=daemon\nReadWritePaths=\nRuntimeDirectory=conclave/p",
		        user[2], false);
		judge();
		assert_int_equal(verdict.count, rows[i].problems);
	}
}

/* A unit with users of its own namespace cannot know who is in a group. */
static void
a_group_that_a_unit_cannot_see(void **state)
{
	(void)state;
	begin(false);
	replace("User=daemon", "User=daemon\nPrivateUsers=yes", true);
	judge();
	assert_int_equal(verdict.count, 0);
	strcpy(conf.control_group, "adm");
	judge();
	assert_int_equal(verdict.count, 1);
	assert_non_null(
	    strstr(verdict.problems[0], "conclave.service does not see the group adm"));
	begin(false);
	replace("User=daemon", "User=daemon\nPrivateUsers=no", true);
	judge();
	assert_int_equal(verdict.count, 0);
	conf.control_group[0] = '\0';
}

static void
low_ports(void **state)
{
	static struct conf_server low;

	(void)state;
	low = *conf.self;
	low.quorum_port = 88;
	conf.self = &low;
	begin(false);
	judge();
	assert_int_equal(verdict.count, 1);
	assert_non_null(strstr(verdict.problems[0], "port 88, which is below 1024"));
	replace("AmbientCapabilities=", "AmbientCapabilities=cap_net_bind_service",
	        false);
	judge();
	assert_int_equal(verdict.count, 0);
	begin(true); /* the .socket unit opens it */
	replace(":2888", ":88", false);
	judge();
	assert_int_equal(verdict.count, 0);
}

/* Whatever systemd prints: nothing, half of it, too much. */
static void
any_text(void **state)
{
	char whole[FIT_SHOWN_MAX];

	(void)state;
	begin(true);
	strcpy(whole, text);
	for (size_t len = strlen(whole); len > 0; len--) {
		snprintf(text, sizeof(text), "%.*s", (int)len, whole);
		judge();
		assert_true(verdict.count <= FIT_PROBLEMS);
	}
	text[0] = '\0';
	judge();
	assert_int_equal(verdict.count, 1);
}

static int
set_up(void **state)
{
	static const struct conf_server self = {.quorum_port = 2888,
	                                        .election_port = 3888};

	(void)state;
	conf.self = &self;
	strcpy(conf.run_dir, "/run/conclave");
	strcpy(conf.data_dir, "/var/lib/conclave");
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(each_fault, set_up),
	    cmocka_unit_test_setup(other_users, set_up),
	    cmocka_unit_test_setup(a_file_that_its_user_cannot_read, set_up),
	    cmocka_unit_test_setup(own_users, set_up),
	    cmocka_unit_test_setup(a_group_that_a_unit_cannot_see, set_up),
	    cmocka_unit_test_setup(low_ports, set_up),
	    cmocka_unit_test_setup(any_text, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
