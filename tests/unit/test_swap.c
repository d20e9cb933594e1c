/* swap/swap as far as the promotion: each step, each deadline, each death. */
#include "tests/unit/swap_script.h"

static void
test_whole(void **state)
{
	static const struct step steps[] = {
	    {1720, EV(DUE), 0, "LOOK1", IN(PROBATION), 31220},
	    {1725, EV(LOOKED), THERE, "", IN(PROBATION), 2225},
	    {31220, EV(DUE), 0, "ACCEPT1", IN(ACCEPTING), 33220},
	    {31221, EV(ACCEPTED), OK, "accepted:none KEEP1", IN(IDLE), 0},
	    /* a second swap, with the seats exchanged */
	    {40000, EV(ASK), 0, "begun:none DESCRIBE0", IN(DESCRIBING), 41000},
	    {40000, EV(DESCRIBED), OK, "START0", IN(STARTING), 45000},
	    {40000, EV(SPAWNED), OK, "", IN(STARTING), 45000},
	    {40000, EV(READY), 0, "LOOK0", IN(SYNCING), 45000},
	    {40000, EV(LOOKED), THERE, "PROMOTE0", IN(PROMOTING), 42000},
	    {40000, EV(PROMOTED), OK, "yes promoted:none STOP1", IN(PROBATION), 40500},
	};
	struct swap w;

	(void)state;
	reach(&w, SWAP_IDLE);
	assert_true(swap_due_ms(&w) == UINT64_MAX);
	reach(&w, SWAP_PROBATION);
	PLAY(&w, steps);
}

/* The first difference ends the swap; without one the candidate is promoted in time. */
static void
test_shadow(void **state)
{
	static const struct step begin[] = {
	    {1000, EV(ASK), SHADOW, "begun:none DESCRIBE1", IN(DESCRIBING), 2000},
	    {1100, EV(DESCRIBED), OK, "START1", IN(STARTING), 6100},
	    {1200, EV(READY), SEAT1, "LOOK1", IN(SYNCING), 6100},
	    {1210, EV(LOOKED), HERE, "", IN(SYNCING), 1310},
	    {1310, EV(DUE), 0, "LOOK1", IN(SYNCING), 6100},
	    {1320, EV(LOOKED), 0, "", IN(SYNCING), 1420},
	    {1420, EV(DUE), 0, "LOOK1", IN(SYNCING), 6100},
	    {1430, EV(LOOKED), THERE, "shadow:none", IN(SHADOWING), 1930},
	    {1930, EV(DUE), 0, "LOOK1", IN(SHADOWING), 4430},
	};
	static const struct step same[] = {
	    {1931, EV(LOOKED), THERE, "", IN(SHADOWING), 2431},
	    {2431, EV(DUE), 0, "LOOK1", IN(SHADOWING), 4430},
	    /* connmgr does not answer */
	    {2900, EV(LOOKED), 0, "", IN(SHADOWING), 3400},
	};
	static const struct step over[] = {
	    {4430, EV(DUE), 0, "LOOK1", IN(SYNCING), 9430},
	    {4440, EV(LOOKED), 0, "", IN(SYNCING), 4540},
	    {4540, EV(DUE), 0, "LOOK1", IN(SYNCING), 9430},
	};
	static const struct step promoted[] = {
	    {4541, EV(LOOKED), THERE, "PROMOTE1", IN(PROMOTING), 6541},
	};
	static const struct step differs[] = {
	    {2000, EV(LOOKED), DIFFERS, "given-up:differs no:differs STOP1", IN(IDLE), 0},
	    {2010, EV(DIED), SEAT1, "", IN(IDLE), 0},
	};
	static const struct step sick[] = {
	    {2000, EV(LOOKED), SICK, "given-up:sick no:sick STOP1", IN(IDLE), 0},
	};
	/* not attached in two looks in a row */
	static const struct step lost[] = {
	    {2000, EV(LOOKED), OK, "", IN(SHADOWING), 2500},
	    {2500, EV(LOOKED), THERE, "", IN(SHADOWING), 3000},
	    {3000, EV(LOOKED), HERE, "", IN(SHADOWING), 3500},
	    {3500, EV(LOOKED), OK, "given-up:lost no:lost STOP1", IN(IDLE), 0},
	};
	struct swap w, copy;

	(void)state;
	swap_init(&w, &policy);
	PLAY(&w, begin);
	copy = w;
	PLAY(&copy, differs);
	copy = w;
	PLAY(&copy, sick);
	copy = w;
	PLAY(&copy, lost);
	PLAY(&w, same);
	PLAY(&w, over);
	PLAY(&w, promoted);
}

/* The last look counts: a difference that it finds ends the swap. */
static void
test_last_look(void **state)
{
	static const struct step begin[] = {
	    {1000, EV(ASK), SHADOW, "begun:none DESCRIBE1", IN(DESCRIBING), 2000},
	    {1100, EV(DESCRIBED), OK, "START1", IN(STARTING), 6100},
	    {1200, EV(READY), SEAT1, "LOOK1", IN(SYNCING), 6100},
	    {1210, EV(LOOKED), THERE, "shadow:none", IN(SHADOWING), 1710},
	    {4210, EV(DUE), 0, "LOOK1", IN(SYNCING), 9210},
	};
	static const struct step differs[] = {
	    {4211, EV(LOOKED), DIFFERS, "given-up:differs no:differs STOP1", IN(IDLE), 0},
	};
	static const struct step late[] = {
	    {4211, EV(LOOKED), OK, "", IN(SYNCING), 4311},
	    {9210, EV(DUE), 0, "given-up:late no:late STOP1", IN(IDLE), 0},
	};
	struct swap w, copy;

	(void)state;
	swap_init(&w, &policy);
	PLAY(&w, begin);
	copy = w;
	PLAY(&copy, differs);
	PLAY(&w, late);
}

static void
test_force(void **state)
{
	static const struct step steps[] = {
	    {1000, EV(ASK), SHADOW | FORCE, "begun:none DESCRIBE1", IN(DESCRIBING), 2000},
	    {1100, EV(DESCRIBED), OK, "START1", IN(STARTING), 6100},
	    {1200, EV(READY), SEAT1, "LOOK1", IN(SYNCING), 6100},
	    {1210, EV(LOOKED), DIFFERS, "shadow:none", IN(SHADOWING), 1710},
	    {1710, EV(DUE), 0, "LOOK1", IN(SHADOWING), 4210},
	    {1720, EV(LOOKED), DIFFERS, "", IN(SHADOWING), 2220},
	    {4210, EV(DUE), 0, "LOOK1", IN(SYNCING), 9210},
	    {4220, EV(LOOKED), DIFFERS, "PROMOTE1", IN(PROMOTING), 6220},
	};
	/* --force does not help a sick candidate */
	static const struct step sick[] = {
	    {1720, EV(LOOKED), SICK, "given-up:sick no:sick STOP1", IN(IDLE), 0},
	};
	struct swap w;

	(void)state;
	swap_init(&w, &policy);
	PLAY(&w, steps);
	swap_init(&w, &policy);
	play(&w, steps, 5);
	PLAY(&w, sick);
}

static void
test_refused(void **state)
{
	static const struct step described[] = {
	    {1100, EV(DESCRIBED), 0, "given-up:described no:described", IN(IDLE), 0},
	};
	static const struct step spawn[] = {
	    {1100, EV(DESCRIBED), OK, "START1", IN(STARTING), 6100},
	    {1100, EV(SPAWNED), 0, "given-up:spawn no:spawn", IN(IDLE), 0},
	};
	static const struct step differs[] = {
	    {1210, EV(LOOKED), DIFFERS, "given-up:differs no:differs STOP1", IN(IDLE), 0},
	};
	static const struct step refused[] = {
	    {1220, EV(PROMOTED), 0, "given-up:refused no:refused STOP1", IN(IDLE), 0},
	};
	struct swap w;

	(void)state;
	reach(&w, SWAP_DESCRIBING);
	PLAY(&w, described);
	reach(&w, SWAP_DESCRIBING);
	PLAY(&w, spawn);
	assert_false(w.seated[1]);
	reach(&w, SWAP_SYNCING);
	PLAY(&w, differs);
	reach(&w, SWAP_PROMOTING);
	PLAY(&w, refused);
	assert_int_equal(w.active, 0);
}

static void
test_late(void **state)
{
	static const struct step describing[] = {
	    {1999, EV(DUE), 0, "", IN(DESCRIBING), 2000},
	    {2000, EV(DUE), 0, "given-up:late no:late", IN(IDLE), 0},
	    {2001, EV(DESCRIBED), OK, "", IN(IDLE), 0},
	};
	static const struct step starting[] = {
	    {6099, EV(DUE), 0, "", IN(STARTING), 6100},
	    {6100, EV(DUE), 0, "given-up:late no:late STOP1", IN(IDLE), 0},
	    {6101, EV(READY), SEAT1, "", IN(IDLE), 0},
	    {6200, EV(DIED), SEAT1, "", IN(IDLE), 0},
	};
	/* ready, but connmgr never sees it synced */
	static const struct step syncing[] = {
	    {1210, EV(LOOKED), OK, "", IN(SYNCING), 1310},
	    {1310, EV(DUE), 0, "LOOK1", IN(SYNCING), 6100},
	    {1320, EV(LOOKED), HERE, "", IN(SYNCING), 1420},
	    {6100, EV(DUE), 0, "given-up:late no:late STOP1", IN(IDLE), 0},
	    {6105, EV(LOOKED), THERE, "", IN(IDLE), 0},
	};
	struct swap w;

	(void)state;
	reach(&w, SWAP_DESCRIBING);
	PLAY(&w, describing);
	reach(&w, SWAP_STARTING);
	PLAY(&w, starting);
	reach(&w, SWAP_SYNCING);
	PLAY(&w, syncing);
}

static void
test_deaths(void **state)
{
	static const struct step died[] = {
	    {1210, EV(DIED), SEAT1, "given-up:died no:died", IN(IDLE), 0},
	};
	static const struct step in_shadow[] = {
	    {1210, EV(LOOKED), THERE, "shadow:none", IN(SHADOWING), 1710},
	    {1300, EV(DIED), SEAT1, "given-up:died no:died", IN(IDLE), 0},
	};
	struct swap w;

	(void)state;
	reach(&w, SWAP_STARTING);
	PLAY(&w, died);
	reach(&w, SWAP_SYNCING);
	PLAY(&w, died);
	reach(&w, SWAP_SYNCING);
	w.shadow_ms = 3000;
	PLAY(&w, in_shadow);
}

/* One swap at a time: the second request is refused, and nothing else changes. */
static void
test_busy(void **state)
{
	static const struct step steps[] = {
	    {1220, EV(ASK), SHADOW | FORCE, "no:busy", IN(SYNCING), 6100},
	    {1220, EV(UNDO), BEFORE, "no:busy", IN(SYNCING), 6100},
	    {1230, EV(LOOKED), THERE, "PROMOTE1", IN(PROMOTING), 3230},
	    {1230, EV(ASK), 0, "no:busy", IN(PROMOTING), 3230},
	    {1240, EV(PROMOTED), SILENT, "READ1", IN(UNSURE), 0},
	    {1240, EV(ASK), 0, "no:busy", IN(UNSURE), 0},
	    {1250, EV(RECORD), OK, "STOP1", IN(ENDING), 0},
	    {1250, EV(UNDO), BEFORE, "no:busy", IN(ENDING), 0},
	    {1260, EV(DIED), SEAT1, "READ1", IN(ENDING), 0},
	    {1270, EV(RECORD), OK, "given-up:silent no:silent", IN(IDLE), 0},
	};
	struct swap w;

	(void)state;
	reach(&w, SWAP_SYNCING);
	PLAY(&w, steps);
}

/* The seat's last process has to end before the next one is started. */
static void
test_owed(void **state)
{
	static const struct step steps[] = {
	    {1210, EV(LOOKED), DIFFERS, "given-up:differs no:differs STOP1", IN(IDLE), 0},
	    {1300, EV(ASK), 0, "begun:none DESCRIBE1", IN(DESCRIBING), 2300},
	    {1310, EV(DESCRIBED), OK, "STOP1", IN(STARTING), 6310},
	};
	static const struct step ended[] = {
	    {1320, EV(READY), SEAT1, "", IN(STARTING), 6310},
	    {1400, EV(DIED), SEAT1, "START1", IN(STARTING), 6400},
	    {1400, EV(SPAWNED), OK, "", IN(STARTING), 6400},
	    {1410, EV(READY), SEAT1, "LOOK1", IN(SYNCING), 6400},
	};
	static const struct step lingers[] = {
	    {6310, EV(DUE), 0, "given-up:late no:late STOP1", IN(IDLE), 0},
	    {6400, EV(DIED), SEAT1, "", IN(IDLE), 0},
	};
	struct swap w, copy;

	(void)state;
	reach(&w, SWAP_SYNCING);
	PLAY(&w, steps);
	copy = w;
	PLAY(&copy, lingers);
	assert_false(copy.seated[1]);
	PLAY(&w, ended);
}

/* Events that nobody asked for, or that are about the other seat, change nothing. */
static void
test_noise(void **state)
{
	static const struct step idle[] = {
	    {1000, EV(DUE), 0, "", IN(IDLE), 0},
	    {1000, EV(DESCRIBED), OK, "", IN(IDLE), 0},
	    {1000, EV(SPAWNED), 0, "", IN(IDLE), 0},
	    {1000, EV(READY), 0, "", IN(IDLE), 0},
	    {1000, EV(READY), SEAT1, "", IN(IDLE), 0},
	    {1000, EV(LOOKED), THERE, "", IN(IDLE), 0},
	    {1000, EV(PROMOTED), OK, "", IN(IDLE), 0},
	    {1000, EV(RECORD), OK | SEAT1, "", IN(IDLE), 0},
	    {1000, EV(ACCEPTED), OK, "", IN(IDLE), 0},
	    {1000, EV(DIED), SEAT1, "", IN(IDLE), 0},
	};
	static const struct step starting[] = {
	    {1110, EV(READY), 0, "", IN(STARTING), 6100},
	    {1110, EV(LOOKED), THERE, "", IN(STARTING), 6100},
	    {1110, EV(PROMOTED), OK, "", IN(STARTING), 6100},
	    {1110, EV(RECORD), OK | SEAT1, "", IN(STARTING), 6100},
	    {1110, EV(ACCEPTED), OK, "", IN(STARTING), 6100},
	};
	struct swap w;

	(void)state;
	reach(&w, SWAP_IDLE);
	PLAY(&w, idle);
	reach(&w, SWAP_STARTING);
	PLAY(&w, starting);
}

static void
test_words(void **state)
{
	(void)state;
	for (int p = SWAP_IDLE; p <= SWAP_ACCEPTING; p++)
		for (int q = SWAP_IDLE; q < p; q++)
			assert_string_not_equal(swap_phase_name((enum swap_phase)p),
			                        swap_phase_name((enum swap_phase)q));
	assert_string_equal(swap_why_text(SWAP_WHY_NONE), "");
	assert_string_equal(swap_why_text(SWAP_WHY_DIED), "");
	assert_string_not_equal(swap_why_text(SWAP_WHY_LATE), "");
	assert_string_not_equal(swap_why_text(SWAP_WHY_STOPPED), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_whole),     cmocka_unit_test(test_shadow),
	    cmocka_unit_test(test_last_look), cmocka_unit_test(test_force),
	    cmocka_unit_test(test_refused),   cmocka_unit_test(test_late),
	    cmocka_unit_test(test_deaths),    cmocka_unit_test(test_busy),
	    cmocka_unit_test(test_owed),      cmocka_unit_test(test_noise),
	    cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
