/* Who may have what at a door: every kind of asker with everything that can be asked. */
#include "ipc/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum {
	OWN = 900,
	CONCLAVED = 901,
	CONNMGR = 902,
	ELECTOR = 903,
	PEER = 904,
	OTHER = 905
};

struct row {
	const char *name;
	uint32_t uid;
	bool kin;
	/* 'y' or '-' for each of enum policy_what */
	const char *may;
};

static void
hold(const struct policy *p, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		struct policy_asker who = {.uid = row->uid, .kin = row->kin};
		char may[POLICY_WHATS + 1] = "";

		for (unsigned what = 0; what < POLICY_WHATS; what++) {
			const char *why = policy_refuses(p, &who, what);

			may[what] = why ? '-' : 'y';
			assert_true(!why || strlen(why) > 10);
		}
		print_message("%s: %s\n", row->name, may);
		assert_string_equal(may, row->may);
	}
}

#define HOLD(p, rows) hold(p, rows, sizeof(rows) / sizeof(rows[0]))

/* A uid is worth its own role, whether conclaved has started the process or not. */
static void
test_apart(void **state)
{
	static const struct policy p = {.apart = true,
	                                .own = OWN,
	                                .conclaved = CONCLAVED,
	                                .connmgr = CONNMGR,
	                                .elector = ELECTOR,
	                                .peer = PEER};
	static const struct row rows[] = {
	    {"root", 0, false, "yy--y"},
	    {"conclaved", CONCLAVED, false, "yy---"},
	    {"connmgr", CONNMGR, false, "y---y"},
	    {"connmgr, kin", CONNMGR, true, "y---y"},
	    {"elector", ELECTOR, false, "y-y--"},
	    {"elector, kin", ELECTOR, true, "y-y--"},
	    {"peer", PEER, false, "y--y-"},
	    {"peer, kin", PEER, true, "y--y-"},
	    {"another", OTHER, false, "-----"},
	    {"another, kin", OTHER, true, "-----"},
	    {"nobody", POLICY_NOBODY, false, "-----"},
	    {"one with our own uid", OWN, false, "-----"},
	};

	(void)state;
	HOLD(&p, rows);
}

/* In a namespace all but root and we ourselves look alike. */
static void
test_hidden(void **state)
{
	static const struct policy p = {.apart = true,
	                                .hidden = true,
	                                .own = ELECTOR,
	                                .conclaved = CONCLAVED,
	                                .connmgr = CONNMGR,
	                                .elector = ELECTOR,
	                                .peer = PEER};
	static const struct row rows[] = {
	    {"root", 0, false, "yy--y"},
	    {"hidden", POLICY_NOBODY, false, "y---y"},
	    {"hidden, kin", POLICY_NOBODY, true, "y---y"},
	    {"we", ELECTOR, false, "y-y--"},
	    {"another", OTHER, false, "-----"},
	};

	(void)state;
	HOLD(&p, rows);
}

/* Only the process can be a reason, and only one to refuse. */
static void
test_one_user(void **state)
{
	static const struct policy p = {.own = OWN};
	static const struct row rows[] = {
	    {"we", OWN, false, "yyyyy"},
	    {"our worker", OWN, true, "y-yyy"},
	    {"root", 0, false, "yyyyy"},
	    {"a worker as root", 0, true, "y-yyy"},
	    {"another", OTHER, false, "-----"},
	    {"another, kin", OTHER, true, "-----"},
	    {"nobody", POLICY_NOBODY, false, "-----"},
	};

	(void)state;
	HOLD(&p, rows);
}

/* All are root. */
static void
test_one_user_root(void **state)
{
	static const struct policy p = {.own = 0};
	static const struct row rows[] = {
	    {"root", 0, false, "yyyyy"},
	    {"a worker", 0, true, "y-yyy"},
	    {"another", OTHER, true, "-----"},
	};

	(void)state;
	HOLD(&p, rows);
}

/* It takes every uid, kin or not, in every mode: being kin never grants anything. */
static void
test_kin_grants_nothing(void **state)
{
	static const uint32_t uids[] = {0,       OWN,  CONCLAVED, CONNMGR,
	                                ELECTOR, PEER, OTHER,     POLICY_NOBODY};

	(void)state;
	for (unsigned mode = 0; mode < 4; mode++) {
		const struct policy p = {.apart = mode & 1,
		                         .hidden = mode & 2,
		                         .own = OWN,
		                         .conclaved = CONCLAVED,
		                         .connmgr = CONNMGR,
		                         .elector = ELECTOR,
		                         .peer = PEER};

		for (size_t i = 0; i < sizeof(uids) / sizeof(uids[0]); i++) {
			struct policy_asker stranger = {.uid = uids[i]};
			struct policy_asker kin = {.uid = uids[i], .kin = true};

			for (unsigned what = 0; what < POLICY_WHATS; what++)
				if (policy_refuses(&p, &stranger, what))
					assert_non_null(policy_refuses(&p, &kin, what));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_apart),
	    cmocka_unit_test(test_hidden),
	    cmocka_unit_test(test_one_user),
	    cmocka_unit_test(test_one_user_root),
	    cmocka_unit_test(test_kin_grants_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
