/* conclaved's shell: one process with its children, the swap of an elector, the control
 * socket, and one gate (proc/gate.h) through which every event passes. The files call
 * downwards only:
 *
 *   shell.c        opens all, steps each event, arms the timer, tells of changes
 *   shell_door.c   the requests at the control socket
 *   shell_swap.c   the operations of swap/drive.h
 *   status.c       the answers, as JSON and as a sentence; it changes nothing
 *   shell_child.c  the children: their processes, notices and ends
 *   shell_program.c  which program a child executes
 *   shell_place.c  what is in run_dir, and is made anew when somebody removed it */
#ifndef SUPERVISOR_SHELL_H
#define SUPERVISOR_SHELL_H

#include "client/door.h"
#include "config/conf.h"
#include "ipc/door.h"
#include "proc/gate.h"
#include "proc/proc.h"
#include "proc/roster.h"
#include "supervisor/apart.h"
#include "supervisor/child.h"
#include "supervisor/child_notice.h"
#include "supervisor/kept.h"
#include "supervisor/memory.h"
#include "supervisor/notify.h"
#include "supervisor/place.h"
#include "supervisor/programs.h"
#include "supervisor/spawn.h"
#include "swap/drive.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#define SUPERVISOR_TEXT_MAX 1536 /* of a message in an answer */

/* The children: the workers of proc/roster.h, and the second elector. */
enum { SUPERVISOR_OTHER_ELECTOR = ROSTER_COUNT, SUPERVISOR_CHILDREN };

struct supervisor_child {
	const struct roster_row *row;
	/* of the two that hold electors (swap/swap.h); -1: this is no elector */
	int seat;
	struct supervisor *supervisor;
	struct child life;
	/* the newest value of each field that the present process sent */
	struct child_notice said;
	/* the newest line of level err of it or of a process before it, and when it came
	 */
	char last_error[CHILD_ERROR_MAX];
	uint64_t error_us;
	/* how many looks in a row its control socket was not there */
	unsigned doorless;
	/* CLOCK_BOOTTIME; 0: there is no process, or it is not ready */
	uint64_t started_us;
	uint64_t ready_us;
	/* send SIGHUP once it is ready */
	bool reload_owed;
	/* of the last start, until it is told: the pid or -errno; 0: told */
	int spawned;
	/* the pidfd; NULL: there is no process */
	sd_event_source *source;
	/* of the process; 0: there is none */
	pid_t pid;
	/* of the instance, as --name has it */
	char name[PATHS_NAME_MAX];
	/* its program as the list has it; "": the installed one */
	char chosen[RECORD_PATH_MAX];
	/* what was started last */
	char path[CONF_PATH_MAX];
	/* why that is the installed program, where another was to be; "": it was not */
	char refused[PROGRAM_WHY_MAX];
};

/* An asker of `restart` that has no answer yet. */
struct supervisor_waiter {
	struct door_conn *conn;
	const struct supervisor_child *child;
};

struct supervisor {
	struct proc *proc;
	struct conf conf;
	/* what a reload reads */
	struct conf fresh;
	const char *config_path;
	/* the copy of the configuration that the children read */
	char children_config[CONF_PATH_MAX];
	char program_dir[CONF_PATH_MAX];
	uint64_t started_us;
	/* when all children were ready for the first time; 0: not yet */
	uint64_t ready_us;

	struct gate gate;
	/* of the event that is being stepped */
	uint64_t now_ms;
	/* the one timer of all deadlines */
	sd_event_source *timer;
	/* a timer: looks whether somebody has removed what is in run_dir */
	sd_event_source *look;
	struct place place;
	/* what cannot be made anew there; "": nothing */
	char place_error[PLACE_ERROR_MAX];
	/* somebody waits for READY=1; it was sent */
	bool awaited;
	bool said_ready;
	int exit_status;
	/* a timer: writes the status file and sends STATUS= */
	sd_event_source *tell;
	/* the status is another than it was when `tell` was armed last */
	bool changed;
	char told[256];

	struct apart apart;
	struct spawn *spawn;
	struct notify *notify;
	struct kept kept;
	struct memory memory;
	struct child_policy policy;
	bool stopping;
	bool ended;
	/* by seat: the end of this elector is an event of the swap, and it is not started
	 * again */
	bool watched[2];
	/* electors in use that did not become ready, in a row */
	unsigned never_ready;
	struct supervisor_child children[SUPERVISOR_CHILDREN];

	struct drive drive;
	/* what connmgr is asked; client_io is NULL while nothing is */
	struct client client;
	sd_event_source *client_io;
	enum swap_action_type asked;
	/* which program belongs to a name, as data_dir has it in this file */
	struct programs programs;
	char programs_path[CONF_PATH_MAX];
	/* it is being written; NULL: it is not */
	struct programs_writer *programs_writer;
	/* the list has changed meanwhile */
	bool programs_again;
	/* why the last program could not be written there; 0: it was */
	int programs_error;
	/* the request to promote that waits for that; "": none does */
	char promote[DRIVE_REQUEST_MAX];
	/* the program that describes itself, and the pipe of its output; NULL: none runs
	 */
	sd_event_source *describer;
	pid_t describer_pid;
	int describe_fd;
	/* waits for the answer to a swap; NULL: nobody does */
	struct door_conn *asker;
	/* whose request is being stepped; NULL: nobody's */
	struct door_conn *asking;

	struct door *door;
	/* the status file, and the last error of writing it that was logged */
	char file[CONF_RUN_DIR_MAX + 32];
	int file_error;
	unsigned waiter_count;
	struct supervisor_waiter waiters[DOOR_CONNS_MAX];
	char reply[DOOR_REPLY_MAX + 1];
};

enum supervisor_event_type {
	SUPERVISOR_EV_START,
	SUPERVISOR_EV_STOP,
	SUPERVISOR_EV_RELOAD,
	SUPERVISOR_EV_DUE,
	SUPERVISOR_EV_LOOK,
	/* child, notice, fd */
	SUPERVISOR_EV_NOTICE,
	/* child, exited */
	SUPERVISOR_EV_EXITED,
	/* conn, request */
	SUPERVISOR_EV_REQUEST,
	/* connmgr has answered */
	SUPERVISOR_EV_ANSWER,
	/* swap */
	SUPERVISOR_EV_SWAP,
};

/* An event of the gate. Pointers are borrowed: such an event comes from the loop, and is
 * stepped before gate_push returns. */
struct supervisor_event {
	enum supervisor_event_type type;
	struct supervisor_child *child;
	const struct child_notice *notice;
	int fd;
	struct child_event exited;
	struct door_conn *conn;
	const char *request;
	struct swap_event swap;
};

/* shell.c. Takes the folders and the lock, and opens all; starts nobody. 0, or the exit
 * status once it has logged why. */
int supervisor_open(struct supervisor *s);
/* The loop, until all children have ended. The exit status. */
int supervisor_run(struct supervisor *s);
void supervisor_close(struct supervisor *s); /* also after supervisor_open failed */

extern const struct proc_ops supervisor_proc_ops;

/* shell_door.c. 0 or -errno; the close is for a door that failed to open, too. */
int supervisor_door_open(struct supervisor *s);
void supervisor_door_close(struct supervisor *s);
void supervisor_door_request(struct supervisor *s, struct door_conn *conn,
                             const char *request);
/* Reads the configuration again. 0: `text` names the keys that differed and were taken
 * over, with blanks between; 1: `text` says what is wrong with the file, or which key
 * needs a restart, and nothing was taken over. */
int supervisor_reload(struct supervisor *s, char *text, size_t cap);
/* After every event: answers those who asked for the restart of a child that was started
 * since, or could not be started. */
void supervisor_door_settle(struct supervisor *s);

/* shell_swap.c. Reads the record, which names the elector to start. */
void supervisor_swap_open(struct supervisor *s);
void supervisor_swap_close(struct supervisor *s);
void supervisor_swap_start(struct supervisor *s);
void supervisor_swap_stop(struct supervisor *s);
/* connmgr has answered, or its time is over; does nothing while it may still answer. */
void supervisor_swap_answered(struct supervisor *s);
void supervisor_swap_step(struct supervisor *s, const struct swap_event *ev);

/* status.c, the answers at the control socket (docs/DOORS.md). */
/* Sends an answer; `len` 0: it did not fit. An asker that cannot be answered is closed.
 */
void supervisor_answer(struct door_conn *conn, const void *text, size_t len);
void supervisor_answer_error(struct door_conn *conn, const char *text);
/* The answer to a swap or an undo. */
void supervisor_answer_swap(struct supervisor *s, struct door_conn *conn, bool ok,
                            const char *why);

/* Prints the status, one JSON object, to s->reply. Its length, 0 if it does not fit. */
size_t supervisor_status_print(struct supervisor *s);
/* The children that are not ready, and why. */
void supervisor_status_summary(const struct supervisor *s, char *out, size_t cap);
bool supervisor_all_ready(const struct supervisor *s);

/* shell_child.c. Queues an event of the swap. */
void supervisor_push_swap(struct supervisor *s, const struct swap_event *ev);
/* Prepares all children and opens the notify socket: 0 or -errno. The
 * close kills nobody. */
int supervisor_children_open(struct supervisor *s);
void supervisor_children_close(struct supervisor *s);
void supervisor_children_start(struct supervisor *s);
/* The configuration was read again: SIGHUP to all, to one that is starting as soon as it
 * is ready; one that refused the configuration is started again. */
void supervisor_children_reload(struct supervisor *s);
/* Looks whether the children's control sockets are there; replaces connmgr if its own is
 * gone and a child waits to attach. */
void supervisor_children_look(struct supervisor *s);
/* Its control socket is gone for good: it cannot make it again. */
bool supervisor_door_is_lost(const struct supervisor_child *m);
/* Keeps the list of our children, by which a door knows who is one (ipc/users.h). */
void supervisor_tell_children(struct supervisor *s);
/* The same event for every child. */
void supervisor_children_step(struct supervisor *s, enum child_event_type type);
void supervisor_child_step(struct supervisor_child *m, enum child_event_type type);
void supervisor_child_noticed(struct supervisor_child *m, const struct child_notice *n,
                              int fd);
void supervisor_child_exited(struct supervisor_child *m, const struct child_event *ev);
/* After every event: what one child's change means for the others. */
void supervisor_children_settle(struct supervisor *s);
uint64_t supervisor_children_due_ms(const struct supervisor *s); /* UINT64_MAX: never */
/* The child that holds an elector. */
struct supervisor_child *supervisor_seat(struct supervisor *s, unsigned seat);

/* shell_program.c. Reads the list of programs. */
void supervisor_programs_load(struct supervisor *s);
/* Fills the path that belongs to the name in. The record, which connmgr writes, says only
 * which name is in use. */
void supervisor_program_name(const struct supervisor *s, struct record_program *p);
/* Prepares the process of an elector. */
void supervisor_child_program(struct supervisor_child *m, const struct record_program *p);
/* Opens the program that belongs to the name of an elector; -1 in `exe` for an installed
 * one. If that program may not be started, the installed one takes the place of an
 * elector in use. 0 or -EPERM: a candidate is not started, and m->refused says why. */
int supervisor_program_open(struct supervisor_child *m, int *exe);

/* shell_place.c. Makes anew what somebody has removed: folder, lock, notify socket. What
 * cannot be made is logged once, and stands in the status. */
void supervisor_place_mend(struct supervisor *s);
/* Writes `conf`, the copy of the configuration that the children read. 0 or -errno,
 * logged. */
int supervisor_write_config(struct supervisor *s, const struct conf *conf);

#endif
