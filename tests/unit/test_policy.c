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
	enum policy_role role;
	/* 'y' or '-' for each of enum policy_what */
	const char *may;
};

static void
hold(const struct policy *p, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		struct policy_asker who = {.uid = row->uid, .role = row->role};
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

/* A uid is worth its own role, as whatever conclaved has started the process. */
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
	    {"root", 0, POLICY_NO_CHILD, "yy--yy"},
	    {"conclaved", CONCLAVED, POLICY_NO_CHILD, "yy----"},
	    {"connmgr", CONNMGR, POLICY_NO_CHILD, "y---y-"},
	    {"connmgr, started", CONNMGR, POLICY_CONNMGR, "y---y-"},
	    {"elector", ELECTOR, POLICY_NO_CHILD, "y-y---"},
	    {"elector, started", ELECTOR, POLICY_ELECTOR, "y-y---"},
	    {"peer", PEER, POLICY_NO_CHILD, "y--y--"},
	    {"peer, started", PEER, POLICY_PEER, "y--y--"},
	    {"another", OTHER, POLICY_NO_CHILD, "------"},
	    {"another, started as peer", OTHER, POLICY_PEER, "------"},
	    {"nobody", POLICY_NOBODY, POLICY_NO_CHILD, "------"},
	    {"one with our own uid", OWN, POLICY_NO_CHILD, "------"},
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
	    {"root", 0, POLICY_NO_CHILD, "yy--yy"},
	    {"hidden", POLICY_NOBODY, POLICY_NO_CHILD, "y---y-"},
	    {"we", ELECTOR, POLICY_NO_CHILD, "y-y---"},
	    {"another", OTHER, POLICY_NO_CHILD, "------"},
	};

	(void)state;
	HOLD(&p, rows);
}

/* What conclaved has started a process as can be a reason, and only one to refuse. */
static void
hold_one_user(uint32_t own)
{
	const struct policy p = {.own = own};
	const struct row rows[] = {
	    {"we", own, POLICY_NO_CHILD, "yyyyyy"},
	    {"root", 0, POLICY_NO_CHILD, "yyyyyy"},
	    {"connmgr", own, POLICY_CONNMGR, "y---y-"},
	    {"elector", own, POLICY_ELECTOR, "y-y---"},
	    {"peer", own, POLICY_PEER, "y--y--"},
	    {"peer as root", 0, POLICY_PEER, "y--y--"},
	    {"a candidate", own, POLICY_CANDIDATE, "------"},
	    {"another", OTHER, POLICY_NO_CHILD, "------"},
	    {"another, started as peer", OTHER, POLICY_PEER, "------"},
	    {"nobody", POLICY_NOBODY, POLICY_NO_CHILD, "------"},
	};

	HOLD(&p, rows);
}

static void
test_one_user(void **state)
{
	(void)state;
	hold_one_user(OWN);
	hold_one_user(0);
}

/* Every uid, started as anything, in every mode: no start grants anything. */
static void
test_start_grants_nothing(void **state)
{
	static const uint32_t uids[] = {0,       OWN,  CONCLAVED, CONNMGR,
	                                ELECTOR, PEER, OTHER,     POLICY_NOBODY};

	(void)state;
	for (unsigned at = 0; at < 4 * 8 * (POLICY_CANDIDATE + 1); at++) {
		const struct policy p = {.apart = at & 1,
		                         .hidden = at & 2,
		                         .own = OWN,
		                         .conclaved = CONCLAVED,
		                         .connmgr = CONNMGR,
		                         .elector = ELECTOR,
		                         .peer = PEER};
		struct policy_asker stranger = {.uid = uids[at / 4 % 8]};
		struct policy_asker child = {.uid = stranger.uid, .role = at / 32};

		for (unsigned what = 0; what < POLICY_WHATS; what++)
			if (policy_refuses(&p, &stranger, what))
				assert_non_null(policy_refuses(&p, &child, what));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_apart),
	    cmocka_unit_test(test_hidden),
	    cmocka_unit_test(test_one_user),
	    cmocka_unit_test(test_start_grants_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
