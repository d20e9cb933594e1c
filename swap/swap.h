/* The steps of a swap: another elector takes the place of the one in use while both run
 * (docs/DESIGN.md, "Swapping the elector"). This core decides their order, their
 * deadlines, and what the death of either elector means. swap/drive.h does what it
 * decides.
 *
 * Two seats hold the electors: one is in use, the other is free or holds the candidate.
 *
 *   described → started → ready and synced → (shadow) → PROMOTE → probation → accepted
 *
 * The swap is done once connmgr has recorded the promotion. If connmgr does not answer,
 * the record is read; if it does not name the candidate, the candidate is ended (connmgr
 * never promotes a dead one) and the record is read again. Before the promotion the old
 * program goes on, and a candidate that dies, hangs, differs or is late is given up.
 * After it the old program is stopped. If the new one dies or is sick in its probation,
 * the old program is started as a candidate and promoted by the same steps. If that fails
 * too, the new one goes on and the log says so.
 *
 * Nothing is paused for a swap, and no state is handed over. */
#ifndef SWAP_SWAP_H
#define SWAP_SWAP_H

#include <stdbool.h>
#include <stdint.h>

#define SWAP_ACTIONS_MAX 8
/* This many sick looks in a row count as sickness: a restart of connmgr causes one. */
#define SWAP_SICK_LOOKS 2

/* In ms, > 0: the time for the self-description; from START to ready and synced; for
 * connmgr's answer to PROMOTE or ACCEPT; between two looks at a candidate or at an
 * elector in probation; from promotion to acceptance. */
struct swap_policy {
	uint64_t describe_ms;
	uint64_t start_ms;
	uint64_t promote_ms;
	uint64_t look_ms;
	uint64_t probation_ms;
};

enum swap_phase {
	SWAP_IDLE,
	SWAP_DESCRIBING,
	SWAP_STARTING,
	/* The candidate is ready; connmgr is asked whether it has the whole picture. Also
	 * the last look after the shadow. */
	SWAP_SYNCING,
	/* connmgr compares what the candidate says with what the one in use says. */
	SWAP_SHADOWING,
	SWAP_PROMOTING,
	/* PROMOTE had no answer: the record is read. */
	SWAP_UNSURE,
	/* The candidate is given up: once it has ended, the record is read again. */
	SWAP_ENDING,
	SWAP_PROBATION,
	/* connmgr is told that the probation is over. */
	SWAP_ACCEPTING,
};

/* For those marked with * the shell has the words (drive.h). */
enum swap_why {
	SWAP_WHY_NONE,
	/* * The program was refused, could not be started, or its process ended. */
	SWAP_WHY_DESCRIBED,
	SWAP_WHY_SPAWN,
	SWAP_WHY_DIED,
	/* It was not ready and synced in time. */
	SWAP_WHY_LATE,
	SWAP_WHY_DIFFERS,
	/* * It sends too much or malformed messages, or loses its link. */
	SWAP_WHY_SICK,
	/* It is no longer attached to connmgr. */
	SWAP_WHY_LOST,
	/* * connmgr refused the promotion. */
	SWAP_WHY_REFUSED,
	/* connmgr did not answer, and its record says: not promoted. */
	SWAP_WHY_SILENT,
	SWAP_WHY_BUSY,
	/* The record names no program to go back to. */
	SWAP_WHY_NOTHING,
	SWAP_WHY_ASKED,
	SWAP_WHY_STOPPED,
};

enum swap_event_type {
	/* A person asks for a swap, or for the program before. */
	SWAP_EV_ASK,
	SWAP_EV_UNDO,
	/* The process that drives the swap was restarted during a probation. */
	SWAP_EV_RESUME,
	SWAP_EV_DESCRIBED,
	/* It answers START before any other event. */
	SWAP_EV_SPAWNED,
	SWAP_EV_READY,
	/* The seat has no process, and gets none unless the core starts one. */
	SWAP_EV_DIED,
	SWAP_EV_LOOKED,
	SWAP_EV_PROMOTED,
	SWAP_EV_RECORD,
	SWAP_EV_ACCEPTED,
	/* The process that drives the swap is being stopped. */
	SWAP_EV_STOP,
	/* The deadline has come; too early is harmless. */
	SWAP_EV_DUE,
};

struct swap_event {
	enum swap_event_type type;
	uint64_t now_ms;
	/* READY, DIED; RECORD: the seat whose name it has in use */
	unsigned seat;
	/* ASK: for how long the candidate is compared, and that it may differ */
	uint64_t shadow_ms;
	bool force;
	/* UNDO, RESUME: the record names a program to go back to */
	bool has_before;
	/* DESCRIBED to ACCEPTED: it was done; the door answered; the record was read */
	bool ok;
	/* PROMOTED: connmgr did not answer */
	bool silent;
	/* LOOKED */
	bool attached, synced, differs, sick;
};

enum swap_action_type {
	/* Check the candidate's program and run its self-description. */
	SWAP_DO_DESCRIBE,
	/* Start one process in the seat; back: with the program before. */
	SWAP_DO_START,
	/* End the seat's process, by force at last; DIED follows if it lives. */
	SWAP_DO_STOP,
	/* Ask connmgr about the seat, to promote it, read the record, or tell connmgr
	 * that the seat is accepted: LOOKED, PROMOTED, RECORD, ACCEPTED follow. */
	SWAP_DO_LOOK,
	SWAP_DO_PROMOTE,
	SWAP_DO_READ,
	SWAP_DO_ACCEPT,
	/* From now on the seat's process is restarted when it dies; now, if it is dead.
	 */
	SWAP_DO_KEEP,
	/* From now on DIED follows instead, as after START. */
	SWAP_DO_WATCH,
	/* Answer who asked: ok, why. */
	SWAP_DO_ANSWER,
	/* Log one line: note, why. */
	SWAP_DO_NOTE,
};

enum swap_note {
	SWAP_NOTE_BEGUN,
	SWAP_NOTE_SHADOW,
	SWAP_NOTE_PROMOTED,
	/* The old program goes on. */
	SWAP_NOTE_GIVEN_UP,
	/* The old program is started again. */
	SWAP_NOTE_RETURNING,
	SWAP_NOTE_RETURNED,
	/* The old program could not be promoted; the new one goes on. */
	SWAP_NOTE_STRANDED,
	SWAP_NOTE_ACCEPTED,
};

struct swap_action {
	enum swap_action_type type;
	enum swap_note note;
	enum swap_why why;
	unsigned seat;
	bool back;
	bool ok;
};

/* Do them in order. */
struct swap_actions {
	unsigned count;
	struct swap_action list[SWAP_ACTIONS_MAX];
};

/* Read it freely; only the functions below write it. */
struct swap {
	struct swap_policy policy;
	enum swap_phase phase;
	/* the seat in use, as the record has it */
	unsigned active;
	/* by seat: it may have a process */
	bool seated[2];
	/* the candidate is the old program */
	bool back;
	/* somebody waits for an answer */
	bool asked;
	/* DESCRIBING: the end of the probation that goes on meanwhile; 0: there is none
	 */
	uint64_t kept_ms;
	bool force;
	bool stopping;
	/* STARTING: the last process of the candidate's seat has to end before */
	bool start_owed;
	bool has_before;
	/* how long the candidate still has to be compared; 0: not any more */
	uint64_t shadow_ms;
	/* the deadline or the end of the phase; UINT64_MAX: it has none */
	uint64_t until_ms;
	/* the next look, or reading of the record; UINT64_MAX: none is due */
	uint64_t look_ms;
	/* sick looks in a row */
	unsigned sick;
	/* of the last note */
	enum swap_why why;
};

void swap_init(struct swap *s, const struct swap_policy *policy);
void swap_step(struct swap *s, const struct swap_event *ev, struct swap_actions *out);
uint64_t swap_due_ms(const struct swap *s); /* UINT64_MAX: never */

const char *swap_note_text(enum swap_note note);
const char *swap_phase_name(enum swap_phase p); /* one word */
/* The word in a request to promote: forward, back, undo (enum record_turn). */
const char *swap_turn(const struct swap *s, bool back);
/* A reason in words; "" where the shell has them. */
const char *swap_why_text(enum swap_why why);

#endif
