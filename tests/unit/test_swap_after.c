/* swap/swap from the promotion on: no answer to it, probation, the way back. */
#include "tests/unit/swap_script.h"

/* Without an answer from connmgr the record decides. */
static void
test_unsure(void **state)
{
	static const struct step none[] = {
	    {3209, EV(DUE), 0, "", IN(PROMOTING), 3210},
	    {3210, EV(DUE), 0, "READ1", IN(UNSURE), 0},
	    {3215, EV(PROMOTED), OK, "", IN(UNSURE), 0}, /* late */
	};
	static const struct step silent[] = {
	    {1220, EV(PROMOTED), SILENT, "READ1", IN(UNSURE), 0},
	    /* the record cannot be read: no elector is stopped */
	    {3220, EV(RECORD), SEAT1, "", IN(UNSURE), 3720},
	    {3720, EV(DUE), 0, "READ1", IN(UNSURE), 0},
	};
	static const struct step passed[] = {
	    {4000, EV(RECORD), OK | SEAT1, "yes promoted:none STOP0", IN(PROBATION),
	     4500},
	};
	static const struct step not_passed[] = {
	    {4000, EV(RECORD), OK, "STOP1", IN(ENDING), 0},
	    {4010, EV(RECORD), 0, "", IN(ENDING), 4510},
	    {4100, EV(DIED), SEAT1, "READ1", IN(ENDING), 0},
	    {4110, EV(RECORD), 0, "", IN(ENDING), 4610},
	    {4610, EV(DUE), 0, "READ1", IN(ENDING), 0},
	};
	static const struct step for_good[] = {
	    {4620, EV(RECORD), OK, "given-up:silent no:silent", IN(IDLE), 0},
	};
	/* connmgr promoted the candidate while that was being ended */
	static const struct step after_all[] = {
	    {4620, EV(RECORD), OK | SEAT1, "yes promoted:none STOP0 returning:died STOP0",
	     IN(STARTING), 9620},
	    {4700, EV(DIED), 0, "START0<", IN(STARTING), 9700},
	};
	struct swap w, copy;

	(void)state;
	reach(&w, SWAP_PROMOTING);
	PLAY(&w, none);
	PLAY(&w, passed);
	reach(&w, SWAP_PROMOTING);
	PLAY(&w, silent);
	copy = w;
	PLAY(&copy, passed);
	PLAY(&w, not_passed);
	copy = w;
	PLAY(&copy, for_good);
	PLAY(&w, after_all);
}

/* The candidate dies while it is promoted: the answer or the record tells the outcome. */
static void
test_died_promoting(void **state)
{
	static const struct step died[] = {
	    {1215, EV(DIED), SEAT1, "", IN(PROMOTING), 3210},
	};
	static const struct step refused[] = {
	    {1220, EV(PROMOTED), 0, "given-up:refused no:refused", IN(IDLE), 0},
	};
	static const struct step ok[] = {
	    {1220, EV(PROMOTED), OK, "yes promoted:none STOP0 returning:died STOP0",
	     IN(STARTING), 6220},
	};
	static const struct step not_passed[] = {
	    {1220, EV(PROMOTED), SILENT, "READ1", IN(UNSURE), 0},
	    {1230, EV(RECORD), OK, "READ1", IN(ENDING), 0},
	    {1240, EV(RECORD), OK, "given-up:silent no:silent", IN(IDLE), 0},
	};
	static const struct step passed[] = {
	    {1220, EV(PROMOTED), SILENT, "READ1", IN(UNSURE), 0},
	    {1230, EV(RECORD), OK | SEAT1, "yes promoted:none STOP0 returning:died STOP0",
	     IN(STARTING), 6230},
	};
	static const struct step unsure[] = {
	    {1220, EV(PROMOTED), SILENT, "READ1", IN(UNSURE), 0},
	    {1225, EV(DIED), SEAT1, "", IN(UNSURE), 0},
	    {1230, EV(RECORD), OK, "READ1", IN(ENDING), 0},
	};
	struct swap w, copy;

	(void)state;
	reach(&w, SWAP_PROMOTING);
	copy = w;
	PLAY(&copy, unsure);
	PLAY(&w, died);
	copy = w;
	PLAY(&copy, refused);
	copy = w;
	PLAY(&copy, ok);
	copy = w;
	PLAY(&copy, not_passed);
	PLAY(&w, passed);
}

/* A crash, sickness or loss of the new elector brings the old program back. */
static void
test_back(void **state)
{
	static const struct step back[] = {
	    {1620, EV(PROMOTED), OK, "returned:died KEEP0", IN(IDLE), 0},
	};
	static const struct step sick[] = {
	    {1720, EV(DUE), 0, "LOOK1", IN(PROBATION), 31220},
	    {1721, EV(LOOKED), SICK, "", IN(PROBATION), 2221},
	    {2221, EV(LOOKED), THERE, "", IN(PROBATION), 2721},
	    {2721, EV(LOOKED), HERE, "", IN(PROBATION), 3221},
	    {3221, EV(LOOKED), 0, "", IN(PROBATION), 3721}, /* says nothing */
	    {3721, EV(LOOKED), OK, "returning:sick START0<", IN(STARTING), 8721},
	    {3721, EV(SPAWNED), OK, "", IN(STARTING), 8721},
	    {3800, EV(READY), 0, "LOOK0", IN(SYNCING), 8721},
	    /* an old program is not compared: it was in use before */
	    {3810, EV(LOOKED), DIFFERS, "PROMOTE0<", IN(PROMOTING), 5810},
	    {3820, EV(PROMOTED), OK, "returned:sick STOP1 KEEP0", IN(IDLE), 0},
	    {3900, EV(DIED), SEAT1, "", IN(IDLE), 0},
	};
	/* the old process has not ended yet */
	static const struct step at_once[] = {
	    {1250, EV(DIED), SEAT1, "returning:died STOP0", IN(STARTING), 6250},
	    {1300, EV(DIED), 0, "START0<", IN(STARTING), 6300},
	};
	struct swap w;

	(void)state;
	reach(&w, SWAP_PROBATION);
	PLAY(&w, returning);
	PLAY(&w, back);
	assert_int_equal(w.active, 0);
	reach(&w, SWAP_PROBATION);
	PLAY(&w, sick);
	reach(&w, SWAP_PROMOTING);
	PLAY(&w, in_use);
	PLAY(&w, at_once);
}

/* The return fails as well: the new elector goes on. */
static void
test_stranded(void **state)
{
	static const struct step spawn[] = {
	    {1500, EV(DIED), SEAT1, "returning:died START0<", IN(STARTING), 6500},
	    {1500, EV(SPAWNED), 0, "stranded:spawn KEEP1", IN(IDLE), 0},
	};
	static const struct step late[] = {
	    {6500, EV(DUE), 0, "stranded:late STOP0 KEEP1", IN(IDLE), 0},
	};
	static const struct step died[] = {
	    {1605, EV(DIED), 0, "stranded:died KEEP1", IN(IDLE), 0},
	};
	static const struct step refused[] = {
	    {1620, EV(PROMOTED), 0, "stranded:refused STOP0 KEEP1", IN(IDLE), 0},
	};
	static const struct step silent[] = {
	    {1620, EV(PROMOTED), SILENT, "READ0", IN(UNSURE), 0},
	    {1630, EV(RECORD), OK | SEAT1, "STOP0", IN(ENDING), 0},
	    {1640, EV(DIED), 0, "READ0", IN(ENDING), 0},
	};
	static const struct step silent_no[] = {
	    {1650, EV(RECORD), OK | SEAT1, "stranded:silent KEEP1", IN(IDLE), 0},
	};
	/* the elector in use is dead: KEEP starts its successor */
	static const struct step silent_yes[] = {
	    {1650, EV(RECORD), OK, "returned:died KEEP0", IN(IDLE), 0},
	};
	struct swap w, copy;

	(void)state;
	reach(&w, SWAP_PROBATION);
	copy = w;
	PLAY(&copy, spawn);
	assert_int_equal(copy.active, 1);
	assert_false(copy.seated[0]);
	assert_true(copy.seated[1]);
	copy = w;
	play(&copy, returning, 2);
	PLAY(&copy, late);
	copy = w;
	play(&copy, returning, 3);
	PLAY(&copy, died);
	PLAY(&w, returning);
	copy = w;
	PLAY(&copy, refused);
	PLAY(&w, silent);
	copy = w;
	PLAY(&copy, silent_no);
	PLAY(&w, silent_yes);
}

static void
test_accepting(void **state)
{
	static const struct step asks[] = {
	    {31220, EV(DUE), 0, "ACCEPT1", IN(ACCEPTING), 33220},
	    {31230, EV(LOOKED), SICK, "", IN(ACCEPTING), 33220},
	};
	static const struct step again[] = {
	    {31240, EV(ACCEPTED), 0, "", IN(PROBATION), 31740},
	    {33240, EV(DUE), 0, "ACCEPT1", IN(ACCEPTING), 35240},
	    {35240, EV(DUE), 0, "", IN(PROBATION), 35740}, /* no answer */
	    {35250, EV(ACCEPTED), OK, "", IN(PROBATION), 35740},
	    {37240, EV(DUE), 0, "ACCEPT1", IN(ACCEPTING), 39240},
	    {37250, EV(ACCEPTED), OK, "accepted:none KEEP1", IN(IDLE), 0},
	};
	static const struct step died[] = {
	    {31240, EV(DIED), SEAT1, "returning:died START0<", IN(STARTING), 36240},
	    {31250, EV(ACCEPTED), OK, "", IN(STARTING), 36240},
	};
	struct swap w, copy;

	(void)state;
	reach(&w, SWAP_PROBATION);
	PLAY(&w, asks);
	copy = w;
	PLAY(&copy, died);
	PLAY(&w, again);
}

/* A new swap in a probation accepts the previous one, once its program has been checked.
 */
static void
test_ask_in_probation(void **state)
{
	static const struct step describes[] = {
	    {1390, EV(ASK), SHADOW, "begun:none DESCRIBE0", IN(DESCRIBING), 2390},
	};
	static const struct step nothing[] = {
	    {1400, EV(DESCRIBED), 0, "given-up:described no:described", IN(PROBATION),
	     1900},
	    {1900, EV(DUE), 0, "LOOK1", IN(PROBATION), 31220},
	    {1910, EV(LOOKED), THERE, "", IN(PROBATION), 2410},
	    {31220, EV(DUE), 0, "ACCEPT1", IN(ACCEPTING), 33220},
	};
	static const struct step late[] = {
	    {2390, EV(DUE), 0, "given-up:late no:late", IN(PROBATION), 2890},
	};
	static const struct step died_meanwhile[] = {
	    {1400, EV(DIED), SEAT1, "no:died returning:died START0<", IN(STARTING), 6400},
	    {1400, EV(DESCRIBED), OK, "", IN(STARTING), 6400},
	};
	static const struct step asks[] = {
	    {1400, EV(DESCRIBED), OK, "ACCEPT1", IN(ACCEPTING), 3400},
	    {1400, EV(ASK), 0, "no:busy", IN(ACCEPTING), 3400},
	};
	static const struct step goes_on[] = {
	    {1410, EV(ACCEPTED), OK, "accepted:none KEEP1 START0", IN(STARTING), 6410},
	    {1420, EV(SPAWNED), OK, "", IN(STARTING), 6410},
	    {1430, EV(READY), 0, "LOOK0", IN(SYNCING), 6410},
	    {1440, EV(LOOKED), THERE, "shadow:none", IN(SHADOWING), 1940},
	};
	static const struct step refused[] = {
	    {1410, EV(ACCEPTED), 0, "no:refused", IN(PROBATION), 1910},
	    {3410, EV(DUE), 0, "ACCEPT1", IN(ACCEPTING), 5410},
	    {3411, EV(ACCEPTED), OK, "accepted:none KEEP1", IN(IDLE), 0},
	};
	static const struct step silent[] = {
	    {3400, EV(DUE), 0, "no:refused", IN(PROBATION), 3900},
	};
	static const struct step died[] = {
	    {1410, EV(DIED), SEAT1, "no:died returning:died START0<", IN(STARTING), 6410},
	};
	struct swap w, copy;

	(void)state;
	reach(&w, SWAP_PROBATION);
	PLAY(&w, describes);
	copy = w;
	PLAY(&copy, nothing);
	copy = w;
	PLAY(&copy, late);
	copy = w;
	PLAY(&copy, died_meanwhile);
	PLAY(&w, asks);
	copy = w;
	PLAY(&copy, refused);
	copy = w;
	PLAY(&copy, silent);
	copy = w;
	PLAY(&copy, died);
	PLAY(&w, goes_on);
}

static void
test_undo(void **state)
{
	static const struct step nothing[] = {
	    {1000, EV(UNDO), 0, "no:nothing", IN(IDLE), 0},
	};
	/* UNDO of a swap that was accepted long ago */
	static const struct step accepted[] = {
	    {1000, EV(UNDO), BEFORE, "returning:asked START1<", IN(STARTING), 6000},
	    {1000, EV(SPAWNED), OK, "", IN(STARTING), 6000},
	    {1010, EV(READY), SEAT1, "LOOK1", IN(SYNCING), 6000},
	    {1020, EV(LOOKED), THERE, "PROMOTE1<", IN(PROMOTING), 3020},
	    {1030, EV(PROMOTED), OK, "yes returned:asked STOP0 KEEP1", IN(IDLE), 0},
	};
	static const struct step probation[] = {
	    {1400, EV(UNDO), BEFORE, "returning:asked START0<", IN(STARTING), 6400},
	    {1400, EV(SPAWNED), OK, "", IN(STARTING), 6400},
	    /* the elector in use dies while the old program is already on its way back */
	    {1410, EV(DIED), SEAT1, "", IN(STARTING), 6400},
	    {1420, EV(READY), 0, "LOOK0", IN(SYNCING), 6400},
	    {1430, EV(LOOKED), THERE, "PROMOTE0<", IN(PROMOTING), 3430},
	    {1440, EV(PROMOTED), OK, "yes returned:asked KEEP0", IN(IDLE), 0},
	};
	static const struct step fails[] = {
	    {1400, EV(UNDO), BEFORE, "returning:asked START0<", IN(STARTING), 6400},
	    {1400, EV(SPAWNED), 0, "stranded:spawn no:spawn KEEP1", IN(IDLE), 0},
	};
	struct swap w;

	(void)state;
	reach(&w, SWAP_IDLE);
	PLAY(&w, nothing);
	PLAY(&w, accepted);
	reach(&w, SWAP_PROBATION);
	PLAY(&w, probation);
	reach(&w, SWAP_PROBATION);
	PLAY(&w, fails);
}

/* The driver was restarted during a probation. */
static void
test_resume(void **state)
{
	static const struct step resume[] = {
	    {1000, EV(RESUME), BEFORE, "WATCH0", IN(PROBATION), 1500},
	};
	static const struct step died[] = {
	    {1100, EV(DIED), 0, "returning:died START1<", IN(STARTING), 6100},
	};
	static const struct step accepted[] = {
	    {31000, EV(DUE), 0, "ACCEPT0", IN(ACCEPTING), 33000},
	    {31010, EV(ACCEPTED), OK, "accepted:none KEEP0", IN(IDLE), 0},
	};
	static const struct step alone[] = {
	    {1000, EV(RESUME), 0, "WATCH0", IN(PROBATION), 1500},
	    {1100, EV(DIED), 0, "stranded:nothing KEEP0", IN(IDLE), 0},
	};
	struct swap w, copy;

	(void)state;
	reach(&w, SWAP_IDLE);
	copy = w;
	PLAY(&copy, alone);
	PLAY(&w, resume);
	copy = w;
	PLAY(&copy, died);
	PLAY(&w, accepted);
}

/* After STOP nothing is started, and whoever waits gets an answer. */
static void
test_stop(void **state)
{
	static const struct step waiting[] = {
	    {1250, EV(STOP), 0, "no:stopped", IN(IDLE), 0},
	    {1260, EV(DIED), SEAT1, "", IN(IDLE), 0},
	    {1260, EV(PROMOTED), OK, "", IN(IDLE), 0},
	    {1270, EV(ASK), 0, "no:stopped", IN(IDLE), 0},
	    {1270, EV(UNDO), BEFORE, "no:stopped", IN(IDLE), 0},
	};
	static const struct step nobody[] = {
	    {1300, EV(STOP), 0, "", IN(IDLE), 0},
	    {1310, EV(DIED), SEAT1, "", IN(IDLE), 0},
	};
	static const enum swap_phase phases[] = {SWAP_DESCRIBING, SWAP_STARTING,
	                                         SWAP_SYNCING, SWAP_PROMOTING};
	struct swap w;

	(void)state;
	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		reach(&w, phases[i]);
		PLAY(&w, waiting);
	}
	reach(&w, SWAP_PROBATION);
	PLAY(&w, nobody);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_unsure),    cmocka_unit_test(test_died_promoting),
	    cmocka_unit_test(test_back),      cmocka_unit_test(test_stranded),
	    cmocka_unit_test(test_accepting), cmocka_unit_test(test_ask_in_probation),
	    cmocka_unit_test(test_undo),      cmocka_unit_test(test_resume),
	    cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
