/* The configuration: a libconfig file made into a checked struct. Nothing is started from
 * a file with an error. Keys, defaults and ranges: conclave.conf(5). */
#ifndef CONFIG_CONF_H
#define CONFIG_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONF_SERVERS_MAX  32
#define CONF_HOST_MAX     512 /* may hold several: a|b */
#define CONF_PATH_MAX     4096
#define CONF_RUN_DIR_MAX  64 /* so that each socket below it fits a sockaddr_un */
#define CONF_ID_MAX       ((int64_t)1 << 62)
#define CONF_DEFAULT_FILE "/etc/conclave/conclave.conf"

enum conf_ipc { CONF_IPC_NNG, CONF_IPC_SEQPACKET };

struct conf_server {
	int64_t id;
	char host[CONF_HOST_MAX]; /* one name or address, or several with | between */
	uint16_t quorum_port;
	uint16_t election_port;
	bool observer;
	int64_t weight; /* ≥ 0, default 1 */
	bool has_group;
	int64_t group;
};

struct conf {
	int64_t id;
	char id_file[CONF_PATH_MAX]; /* where it was read from; "": the file itself */
	char run_dir[CONF_RUN_DIR_MAX];
	char data_dir[CONF_PATH_MAX];
	char program_dir[CONF_PATH_MAX]; /* where conclaved finds the workers; "": beside
	                                    itself */
	unsigned server_count;
	struct conf_server servers[CONF_SERVERS_MAX];
	const struct conf_server *self; /* the entry of `id` */
	bool hierarchical;              /* groups or weights are given */

	enum conf_ipc ipc;   /* "nng" (default), "seqpacket" */
	bool attach;         /* observes a live ZooKeeper ensemble; default "none" */
	bool zab;            /* default true; attached always off */
	bool early_finalize; /* default true; without zab always off */
	bool rights;         /* default true: the programs drop what they do not need */
	int log_level;       /* enum log_level of base/log.h; default info */

	struct {                        /* ms unless they are ticks */
		uint32_t tick_ms;       /* 50 */
		uint32_t init_limit;    /* 40 ticks */
		uint32_t sync_limit;    /* 6 ticks */
		uint32_t finalize_ms;   /* 200 */
		uint32_t notify_min_ms; /* 200 */
		uint32_t notify_max_ms; /* 1000 */
	} timing;

	struct {                         /* connmgr */
		uint32_t connect_ms;     /* 1000: one attempt to connect */
		uint32_t handshake_ms;   /* 2000: an accepted connection to its initial
		                            message */
		uint32_t handshakes_max; /* 128: of one port at one time */
		uint32_t retry_min_ms;   /* 20 */
		uint32_t retry_max_ms;   /* 200 */
		uint32_t keepalive_ms; /* 2000: idle time before the first probe (rounded
		                          up to s) */
		uint32_t user_timeout_ms; /* 5000: TCP_USER_TIMEOUT */
		uint32_t strangers_max;   /* 64 */
	} links;

	struct {                      /* conclaved */
		uint32_t watchdog_ms; /* 2000 */
		uint32_t abort_ms;    /* 500: from SIGABRT to SIGKILL */
		uint32_t
		    ready_ms; /* 5000: from start to READY=1, else it counts as hung */
		uint32_t stop_ms;          /* 2000: from SIGTERM to SIGKILL */
		uint32_t restart_min_ms;   /* 50 */
		uint32_t restart_max_ms;   /* 5000 */
		uint32_t restart_reset_ms; /* 10000: of being ready */
		uint32_t probation_ms;     /* 30000: of an elector that was swapped in */
		uint32_t memory_mb;        /* 128: of each worker's data; 0: no limit */
	} supervisor;
};

/* What is wrong, for a person: `FILE:LINE: what is wrong; what to write instead`. */
struct conf_error {
	char text[1024];
};

/* Reads and checks. 0; 1: the file is wrong (`error` says where and how); -errno: it
 * could not be read (`error` says so too). `out` is untouched unless 0. Large: keep it
 * static or on the heap; `self` points into `out` itself. */
int conf_load(const char *path, struct conf *out, struct conf_error *error);

/* Canonical form, every key written out; loading it gives the same struct. Returns the
 * length (NUL-terminated), 0 if it does not fit. */
size_t conf_print(const struct conf *c, char *out, size_t cap);
/* The same without the numbers that are as standard: another version may not know them.
 */
size_t conf_print_own(const struct conf *c, char *out, size_t cap);
#define CONF_PRINT_MAX 65536

/* The configuration text that our notifications carry (wire/qconfig, version 0), without
 * ourselves if we are attached. Returns the length (NUL-terminated), 0 if it does not
 * fit. */
size_t conf_qconfig(const struct conf *c, char *out, size_t cap);

const struct conf_server *conf_server(const struct conf *c, int64_t id); /* NULL: none */
bool conf_is_voter(const struct conf *c, int64_t id);

/* The first key that differs and cannot be taken over by a running process, "" where the
 * difference is only in what can (log_level). */
const char *conf_difference(const struct conf *running, const struct conf *file);

#endif
