/* A swap in words; see swap.h. */
#include "swap/swap.h"

const char *
swap_phase_name(enum swap_phase p)
{
	static const char *const names[] = {
	    [SWAP_IDLE] = "idle",           [SWAP_DESCRIBING] = "describing",
	    [SWAP_STARTING] = "starting",   [SWAP_SYNCING] = "syncing",
	    [SWAP_SHADOWING] = "shadowing", [SWAP_PROMOTING] = "promoting",
	    [SWAP_UNSURE] = "unsure",       [SWAP_ENDING] = "ending",
	    [SWAP_PROBATION] = "probation", [SWAP_ACCEPTING] = "accepting",
	};

	return names[p];
}

const char *
swap_turn(const struct swap *s, bool back)
{
	if (!back)
		return "forward";
	return s->why == SWAP_WHY_ASKED ? "undo" : "back";
}

const char *
swap_why_text(enum swap_why why)
{
	static const char *const texts[] = {
	    [SWAP_WHY_NONE] = "",
	    [SWAP_WHY_DESCRIBED] = "",
	    [SWAP_WHY_SPAWN] = "",
	    [SWAP_WHY_DIED] = "",
	    [SWAP_WHY_LATE] = "it was not ready in time",
	    [SWAP_WHY_DIFFERS] = "it said something else than the one in use",
	    [SWAP_WHY_SICK] = "",
	    [SWAP_WHY_LOST] = "it lost its link to connmgr",
	    [SWAP_WHY_REFUSED] = "",
	    [SWAP_WHY_SILENT] = "connmgr did not answer",
	    [SWAP_WHY_BUSY] = "another swap is under way",
	    [SWAP_WHY_NOTHING] = "there is no program to go back to",
	    [SWAP_WHY_ASKED] = "it was asked for",
	    [SWAP_WHY_STOPPED] = "conclaved is stopping",
	};

	return texts[why];
}

const char *
swap_note_text(enum swap_note note)
{
	switch (note) {
	case SWAP_NOTE_BEGUN:
		return "begun";
	case SWAP_NOTE_SHADOW:
		return "the candidate is compared";
	case SWAP_NOTE_PROMOTED:
		return "the candidate was promoted";
	case SWAP_NOTE_GIVEN_UP:
		return "given up, the old elector goes on";
	case SWAP_NOTE_RETURNING:
		return "the old elector is called back";
	case SWAP_NOTE_RETURNED:
		return "the old elector is back";
	case SWAP_NOTE_STRANDED:
		return "the old elector could not be called back, the new one goes on";
	case SWAP_NOTE_ACCEPTED:
		return "the new elector is accepted";
	}
	return "";
}
