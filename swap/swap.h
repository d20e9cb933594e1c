/* One elector's place taken by another, live (design.md, section 9): the order of the
 * steps, their deadlines, and what each death in them means. A pure core with two shells:
 * conclaved, whose children the electors are, and `conclave swap` where they are units of
 * systemd.
 *
 * Two seats hold the electors: one is in use, the other is free or holds the candidate.
 *
 *   described → started → ready and synced → (shadow) → PROMOTE → probation → accepted
 *
 * Promotion is the commit point, and connmgr's record alone says whether it was passed:
 * who gets no answer reads it, then ends the candidate (a dead one is never promoted),
 * then reads again. Before it the old program goes on and a candidate that dies, hangs,
 * differs or is late is given up. After it the old one is stopped; a death or sickness of
 * the new one in its probation starts the old program as a candidate, and promotes that
 * one back by the same steps. If that fails too, the new one goes on, and it is said.
 *
 * Unlike feasibility.md, G3, nothing is quiesced and no state is handed over. */
#ifndef SWAP_SWAP_H
#define SWAP_SWAP_H

#include <stdbool.h>
#include <stdint.h>

#define SWAP_ACTIONS_MAX 8
#define SWAP_SICK_LOOKS                                                                  \
	2 /* in a row: a restart of connmgr must not look like sickness                  \
	   */

struct swap_policy {          /* all in ms, > 0 */
	uint64_t describe_ms; /* from DESCRIBE to DESCRIBED */
	uint64_t start_ms;    /* from START to ready and synced */
	uint64_t promote_ms;  /* from PROMOTE to its answer */
	uint64_t look_ms; /* between two looks at a candidate, or at one in probation */
	uint64_t probation_ms; /* from promotion to acceptance */
};

enum swap_phase {
	SWAP_IDLE,
	SWAP_DESCRIBING,
	SWAP_STARTING, /* the candidate is to become ready */
	SWAP_SYNCING,  /* it said so; connmgr is asked whether it is; and the last look */
	SWAP_SHADOWING, /* compared with the one in use */
	SWAP_PROMOTING,
	SWAP_UNSURE, /* PROMOTE had no answer: the record is read */
	SWAP_ENDING, /* the candidate is given up: its end is awaited, the record read */
	SWAP_PROBATION,
	SWAP_ACCEPTING, /* connmgr is told that probation is over */
};

enum swap_why {
	SWAP_WHY_NONE,
	SWAP_WHY_DESCRIBED, /* the program was refused; the shell has the words */
	SWAP_WHY_SPAWN,     /* it could not be started; the same */
	SWAP_WHY_DIED,      /* the same: how */
	SWAP_WHY_LATE,      /* not ready and synced in start_ms */
	SWAP_WHY_DIFFERS,   /* it said something else than the one in use */
	SWAP_WHY_SICK,      /* the shell has the words */
	SWAP_WHY_LOST,      /* it is no longer attached */
	SWAP_WHY_REFUSED,   /* connmgr refused the promotion; the shell has the words */
	SWAP_WHY_SILENT,  /* connmgr did not answer, and its record says: not promoted */
	SWAP_WHY_BUSY,    /* another swap is under way */
	SWAP_WHY_NOTHING, /* there is no program to go back to */
	SWAP_WHY_ASKED,   /* a person wants the old one back */
	SWAP_WHY_STOPPED, /* the driver is being stopped */
};

enum swap_event_type {
	SWAP_EV_ASK,       /* shadow_ms, force: the shell holds the candidate's program */
	SWAP_EV_UNDO,      /* a person wants the one before */
	SWAP_EV_RESUME,    /* the driver has begun anew; the record is not accepted */
	SWAP_EV_DESCRIBED, /* ok */
	SWAP_EV_SPAWNED,   /* ok: answers START, in the same turn */
	SWAP_EV_READY,     /* seat */
	SWAP_EV_DIED,      /* seat: no process, and none follows by itself */
	SWAP_EV_LOOKED,    /* ok: connmgr answered; attached synced differs sick */
	SWAP_EV_PROMOTED,  /* ok, or refused; no answer: none, or `silent` */
	SWAP_EV_RECORD,    /* ok: it could be read; seat: whose name it has in use */
	SWAP_EV_ACCEPTED,  /* ok */
	SWAP_EV_STOP,      /* the driver is being stopped: all ends */
	SWAP_EV_DUE,
};

struct swap_event {
	enum swap_event_type type;
	uint64_t now_ms;
	unsigned seat;
	uint64_t shadow_ms;
	bool force;
	bool has_before; /* UNDO, RESUME: the record has one to go back to */
	bool ok;
	bool silent;
	bool attached, synced, differs, sick;
};

enum swap_action_type {
	SWAP_DO_DESCRIBE, /* look at the candidate's program, run its self-description */
	SWAP_DO_START,    /* seat: back says which program; one process, no successor */
	SWAP_DO_STOP,     /* seat: end it, by force at last; DIED follows, if it lives */
	SWAP_DO_LOOK,     /* ask connmgr about seat: LOOKED follows */
	SWAP_DO_PROMOTE,  /* seat, back: PROMOTED follows */
	SWAP_DO_READ,     /* the record: RECORD follows */
	SWAP_DO_ACCEPT,   /* tell connmgr: ACCEPTED follows */
	SWAP_DO_KEEP, /* seat: from now on a dead one gets a successor, at once if dead */
	SWAP_DO_WATCH,  /* seat: from now on DIED is said instead, as after START */
	SWAP_DO_ANSWER, /* who asked: ok, why */
	SWAP_DO_NOTE,   /* one line of log: note, why */
};

enum swap_note {
	SWAP_NOTE_BEGUN,
	SWAP_NOTE_SHADOW,
	SWAP_NOTE_PROMOTED,
	SWAP_NOTE_GIVEN_UP,  /* why: the old one goes on */
	SWAP_NOTE_RETURNING, /* why: the old program is called back */
	SWAP_NOTE_RETURNED,
	SWAP_NOTE_STRANDED, /* why: it could not be; the new one goes on */
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

struct swap_actions { /* do them in order */
	unsigned count;
	struct swap_action list[SWAP_ACTIONS_MAX];
};

struct swap { /* read it freely; only the functions below write it */
	struct swap_policy policy;
	enum swap_phase phase;
	unsigned active;  /* the seat in use, as the record has it */
	bool seated[2];   /* a process of this seat may live */
	bool back;        /* the candidate is the old program */
	bool asked;       /* somebody waits for an answer */
	uint64_t kept_ms; /* DESCRIBING: the end of the probation that goes on; 0: none */
	bool force;
	bool stopping;
	bool start_owed;    /* STARTING: the seat's last process has to end before */
	bool has_before;    /* the record has a program to go back to */
	uint64_t shadow_ms; /* of the swap under way; 0: no more is owed */
	uint64_t until_ms;  /* of the phase: its deadline or its end; UINT64_MAX: none */
	uint64_t look_ms;   /* the next look, or reading; UINT64_MAX: none is due */
	unsigned sick;      /* looks in a row */
	enum swap_why why;  /* the last reason */
};

void swap_init(struct swap *s, const struct swap_policy *policy);
void swap_step(struct swap *s, const struct swap_event *ev, struct swap_actions *out);
uint64_t swap_due_ms(const struct swap *s); /* UINT64_MAX: never */

const char *swap_note_text(enum swap_note note);
const char *swap_phase_name(enum swap_phase p); /* one word */
/* How connmgr is asked to promote: forward, back, undo (enum record_turn). */
const char *swap_turn(const struct swap *s, bool back);
/* Words of a reason that needs none of the shell's; "" for those that do. */
const char *swap_why_text(enum swap_why why);

#endif
