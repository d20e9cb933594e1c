/* The children together: a table of them, the processes behind them, one timer. It does
 * what each child's core (child.h) says, and keeps what the children say of themselves.
 */
#ifndef SUPERVISOR_CREW_H
#define SUPERVISOR_CREW_H

#include "config/conf.h"
#include "supervisor/child.h"
#include "supervisor/child_notice.h"
#include "supervisor/stamp.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

enum { CREW_COUNT = 3 };

/* What a child is; the table is in crew.c */
struct crew_plan {
	const char *name;    /* connmgr, elector, peer */
	const char *program; /* below program_dir */
	const char *folder;  /* below run_dir */
	int needs; /* index of the child without which it cannot become ready; -1 */
	unsigned stop_turn; /* all of a lower turn have ended before it is stopped */
};

struct crew_member { /* for reading; crew.c alone writes it */
	const struct crew_plan *plan;
	struct child life;
	struct child_notice said; /* the newest of each field, of the present process */
	uint64_t started_us;      /* CLOCK_BOOTTIME; 0: no process */
	uint64_t ready_us;        /* 0: not ready */
	struct stamp config;      /* of the file as the process may have read it */
	bool reload_owed;         /* SIGHUP once it is ready */
	sd_event_source *source;  /* the pidfd; NULL: no process */
	char path[CONF_PATH_MAX];
	char *argv[6];
	struct crew *crew;
};

struct crew_ops {
	void (*on_change)(void *user); /* the status is another than it was */
	/* A successor of `member` was started as `pid`, or could not be (-errno). */
	void (*on_spawn)(void *user, unsigned member, int pid_or_error);
	void (*on_all_ended)(void *user); /* after crew_stop, from the loop */
};

struct crew_options {       /* borrowed for as long as the crew lives */
	const char *config; /* the file */
	const char *program_dir;
	const char *run_dir;
	const struct child_policy *policy;
	uint64_t memory_mb; /* of each child; 0: no limit */
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
/* Sends SIGHUP to all, to those that are starting as soon as they are ready. */
void crew_reload(struct crew *c);
/* The configuration file may be another now: who refused the old one tries it. */
void crew_config_touched(struct crew *c);

const struct crew_member *crew_member(const struct crew *c, unsigned member);
bool crew_all_ready(const struct crew *c);
uint64_t crew_malformed(const struct crew *c); /* notifications, see notify.h */
uint64_t crew_strangers(const struct crew *c);

#endif
