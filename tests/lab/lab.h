/* An ensemble of real servers on this machine, for the demo and the benchmarks: makes
 * their folders and configurations, starts conclaved for each, listens to every peer's
 * events, kills what it is told to, and leaves nothing behind.
 *
 * DIR/ID/ holds conclave.conf, run/, data/ and log (standard error of the processes);
 * run/ and log lie in a folder in memory instead where that is asked for. */
#ifndef TESTS_LAB_LAB_H
#define TESTS_LAB_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LAB_SERVERS_MAX 16
#define LAB_NOBODY      INT64_MIN /* no leader */
#define LAB_PATH_MAX    256

struct lab;

struct lab_options {
	unsigned count;  /* servers, ids 1 … count */
	const char *dir; /* theirs; where its path is too long for a socket, or NULL: a
	                    new folder under /tmp */
	const char
	    *program_dir;  /* of conclaved and the others; NULL: beside us, ../bin */
	const char *ipc;   /* "nng", "seqpacket"; NULL: the default */
	const char *extra; /* lines for every configuration; NULL: none */
	int wake_fd;       /* lab_next returns when it is readable; -1: none */
	bool in_memory; /* run/ and log on tmpfs, where servers have them: see lab_new */
};

/* The last that is known of a server; "down" where its peer does not answer. */
struct lab_state {
	char state[16];
	char phase[24];
	char reason[128];
	int64_t leader; /* LAB_NOBODY: none */
	int64_t epoch;
	int64_t round;
	bool active;
	uint64_t at_us; /* CLOCK_BOOTTIME, when the peer said it */
};

enum lab_next {
	LAB_LATE,  /* time is over */
	LAB_EVENT, /* a server's state was said (perhaps the same again) */
	LAB_DIED,  /* a conclaved that we started has ended, and we did not end it */
	LAB_WOKEN, /* wake_fd is readable */
};

/* Makes folders and configurations; starts nothing. Old data in `dir` is removed. The
 * strings of `options` are borrowed for the call. `in_memory` takes /dev/shm if that is
 * a tmpfs; without one all is in `dir`. 0 or -errno: -EWOULDBLOCK where another lab has
 * that folder. */
int lab_new(struct lab **out, const struct lab_options *options);
/* Kills what still runs and frees; a folder under /tmp is removed. NULL ok. */
void lab_free(struct lab *l);

int lab_start(struct lab *l, unsigned id); /* 0 or -errno */
/* SIGTERM to each conclaved, and waits for the ends. 0; -ETIMEDOUT: some had to be
 * killed after `timeout_ms`. */
int lab_stop(struct lab *l, unsigned id, uint64_t timeout_ms);
int lab_stop_all(struct lab *l, uint64_t timeout_ms);
/* SIGKILL to conclaved and all its workers at once, and waits for their ends. `at_us`:
 * when the first was sent (CLOCK_BOOTTIME); it may be NULL. 0 or -ESRCH. */
int lab_kill(struct lab *l, unsigned id, uint64_t *at_us);
/* SIGKILL to one process ("peer"), at `at_us`. Its pid, or -ESRCH. */
pid_t lab_kill_worker(struct lab *l, unsigned id, const char *name, uint64_t *at_us);
/* What the door of conclaved, connmgr, elector-NAME or peer says of itself; NULL: no
 * answer. The caller frees it. */
struct json_t *lab_ask(struct lab *l, unsigned id, const char *folder);
/* The same for another request than `status`. */
struct json_t *lab_request(struct lab *l, unsigned id, const char *folder,
                           const char *request, uint64_t timeout_ms);
/* The pid of a process of that server by conclaved's table; 0: none. */
pid_t lab_pid(struct lab *l, unsigned id, const char *name);
/* Several at once, in the order of `names`. */
void lab_pids(struct lab *l, unsigned id, const char *const *names, unsigned count,
              pid_t *out);
/* Links of the election lane that are up, by connmgr; -1: no answer. */
int lab_links(struct lab *l, unsigned id);
bool lab_running(const struct lab *l, unsigned id); /* a conclaved that we started */

/* Waits for the next news, up to `until_ms` (clock_ms). `id`: whose; it may be NULL. */
enum lab_next lab_next(struct lab *l, uint64_t until_ms, unsigned *id);
const struct lab_state *lab_state(const struct lab *l, unsigned id);
/* The server that is active and that every server whose peer answers names; 0: none. */
unsigned lab_leader(const struct lab *l);
/* Waits until there is one and all `count` running servers name it. 0: not in time. */
unsigned lab_wait_leader(struct lab *l, uint64_t until_ms);

const char *lab_config(const struct lab *l, unsigned id); /* path of conclave.conf */
const char *lab_program_dir(const struct lab *l);

#endif
