/* The children together: a table of them, the processes behind them, one timer. It does
 * what each child's core (child.h) says, and keeps what the children say of themselves.
 */
#ifndef SUPERVISOR_CREW_H
#define SUPERVISOR_CREW_H

#include "base/paths.h"
#include "config/conf.h"
#include "supervisor/child.h"
#include "supervisor/child_notice.h"
#include "swap/record.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

enum { CREW_COUNT = 4, CREW_SEATS = 2 };

/* What a child is; the table is in crew.c */
struct crew_plan {
	const char *name;    /* connmgr, elector, peer */
	const char *program; /* below program_dir */
	int seat;  /* of the two that hold electors (swap/swap.h); -1: no elector */
	int needs; /* index of the child without which it cannot become ready; -1 */
	unsigned stop_turn; /* all of a lower turn have ended before it is stopped */
};

struct crew_member { /* for reading; crew.c alone writes it */
	const struct crew_plan *plan;
	struct child life;
	struct child_notice said;  /* the newest of each field, of the present process */
	uint64_t started_us;       /* CLOCK_BOOTTIME; 0: no process */
	uint64_t ready_us;         /* 0: not ready */
	bool reload_owed;          /* SIGHUP once it is ready */
	sd_event_source *source;   /* the pidfd; NULL: no process */
	char name[PATHS_NAME_MAX]; /* of the instance */
	char path[CONF_PATH_MAX];
	char *argv[6];
	struct crew *crew;
};

struct crew_ops {
	void (*on_change)(void *user); /* the status is another than it was */
	/* Before each start: `config` has to be there. 0 or -errno: it is not. */
	int (*on_spawning)(void *user);
	/* A successor of `member` was started as `pid`, or could not be (-errno). */
	void (*on_spawn)(void *user, unsigned member, int pid_or_error);
	void (*on_all_ended)(void *user); /* after crew_stop, from the loop */
	/* An elector of a seat that is watched: it became ready; it has ended. */
	void (*on_seat_ready)(void *user, unsigned seat);
	void (*on_seat_ended)(void *user, unsigned seat, const struct child_note *why);
};

struct crew_options {       /* borrowed for as long as the crew lives */
	const char *config; /* the file */
	const char *program_dir;
	const char *run_dir;
	const struct child_policy *policy;
	const struct record_program *elector; /* in use; its name "": the first, main */
	uint64_t memory_mb;                   /* of each child; 0: no limit */
};

struct crew;

/* Prepares all, opens the notify socket in run_dir/conclaved, starts nobody. 0 or -errno.
 */
int crew_new(struct crew **out, sd_event *loop, const struct crew_options *options,
             const struct crew_ops *ops, void *user);
void crew_free(struct crew *c); /* NULL ok; kills nobody */

void crew_start(struct crew *c);
void crew_stop(struct crew *c); /* in the order of the stop_turns; then on_all_ended */
bool crew_stopping(const struct crew *c);
/* The index, or -1: there is none of that name. */
int crew_find(const struct crew *c, const char *name);
/* 0: on_spawn will follow; 1: refused, all are being stopped. */
int crew_restart(struct crew *c, unsigned member);
/* The configuration was read again: SIGHUP to all, to those that are starting as soon as
 * they are ready; who refused it tries once more. */
void crew_reload(struct crew *c);

/* The seats. Seat 0 is in use after crew_new. A seat that is watched has no successor:
 * its end is said instead. */
unsigned crew_active(const struct crew *c); /* the member of the seat in use */
void crew_set_active(struct crew *c, unsigned seat);
bool crew_is_wanted(const struct crew *c, unsigned member); /* not of the other seat */
/* The other seat's member, if it has a process; -1. */
int crew_shadow(const struct crew *c);
/* Starts a process in a free seat, and watches it. 0, or -errno. */
int crew_seat_start(struct crew *c, unsigned seat, const struct record_program *program);
void crew_seat_stop(struct crew *c, unsigned seat);
void crew_seat_watch(struct crew *c, unsigned seat);
void crew_seat_keep(struct crew *c, unsigned seat); /* starts it, if it is dead */
bool crew_seat_watched(const struct crew *c, unsigned seat);
bool crew_seat_alive(const struct crew *c, unsigned seat);
/* The `--name` that the process of that seat has, or had. Borrowed. */
const char *crew_seat_name(const struct crew *c, unsigned seat);

const struct crew_member *crew_member(const struct crew *c, unsigned member);
bool crew_all_ready(const struct crew *c);
uint64_t crew_malformed(const struct crew *c); /* notifications, see notify.h */
uint64_t crew_strangers(const struct crew *c);

#endif
