/* The words for a swap; see swap.h. */
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
	static const char *const texts[SWAP_WHY_STOPPED + 1] = {
	    [SWAP_WHY_LATE] = "it was not ready in time",
	    [SWAP_WHY_DIFFERS] = "it said something else than the one in use",
	    [SWAP_WHY_LOST] = "it lost its link to connmgr",
	    [SWAP_WHY_SILENT] = "connmgr did not answer",
	    [SWAP_WHY_BUSY] = "another swap is under way",
	    [SWAP_WHY_NOTHING] = "there is no program to go back to",
	    [SWAP_WHY_ASKED] = "it was asked for",
	    [SWAP_WHY_STOPPED] = "conclaved is stopping",
	};

	return texts[why] ? texts[why] : "";
}

const char *
swap_note_text(enum swap_note note)
{
	static const char *const texts[] = {
	    [SWAP_NOTE_BEGUN] = "begun",
	    [SWAP_NOTE_SHADOW] = "the candidate is compared",
	    [SWAP_NOTE_PROMOTED] = "the candidate was promoted",
	    [SWAP_NOTE_GIVEN_UP] = "given up, the old elector goes on",
	    [SWAP_NOTE_RETURNING] = "the old elector is called back",
	    [SWAP_NOTE_RETURNED] = "the old elector is back",
	    [SWAP_NOTE_STRANDED] =
		"the old elector could not be called back, the new one goes on",
	    [SWAP_NOTE_ACCEPTED] = "the new elector is accepted",
	};

	return texts[note];
}
