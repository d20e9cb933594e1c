/* The configuration of a server, read from a file and checked. No program starts from a
 * file with an error. The range, the default and the meaning of each key stand in
 * conf_key.c, and conclave.conf(5) explains them. */
#ifndef CONFIG_CONF_H
#define CONFIG_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct members;
struct members_hints;
struct qconfig;

#define CONF_SERVERS_MAX  32
#define CONF_HOST_MAX     512 /* may hold several: a|b */
#define CONF_PATH_MAX     4096
#define CONF_EVENTS_MAX   114 /* the path of a socket has at most 107 bytes */
#define CONF_RUN_DIR_MAX  64  /* so that each socket below it fits a sockaddr_un */
#define CONF_GROUP_MAX    33  /* as useradd has it */
#define CONF_ID_MAX       ((int64_t)1 << 62)
#define CONF_DEFAULT_FILE "/etc/conclave/conclave.conf"

enum conf_lease { CONF_LEASE_AUTO, CONF_LEASE_ALWAYS, CONF_LEASE_OFF };

enum conf_tls { CONF_TLS_OFF, CONF_TLS_PSK };

enum conf_ipc { CONF_IPC_NNG, CONF_IPC_SEQPACKET };

struct conf_server {
	int64_t id;
	/* One name or address, or several with | between. */
	char host[CONF_HOST_MAX];
	uint16_t quorum_port;
	uint16_t election_port;
	/* role = "observer". */
	bool observer;
	int64_t weight;
	bool has_group;
	int64_t group;
	/* Without effect where `zab` is off. */
	uint32_t priority;
};

struct conf {
	int64_t id;
	/* "": the configuration itself has the id. */
	char id_file[CONF_PATH_MAX];
	char run_dir[CONF_RUN_DIR_MAX];
	char data_dir[CONF_PATH_MAX];
	/* "": the folder of conclaved itself, or ../libexec/conclave from there. */
	char program_dir[CONF_PATH_MAX];
	/* Of the list of servers: one higher with each change of members. */
	uint32_t version;
	unsigned server_count;
	struct conf_server servers[CONF_SERVERS_MAX];
	/* The entry of `id`. NULL: this server is in no entry, as one that was removed.
	 */
	const struct conf_server *self;
	/* True if servers have groups. */
	bool hierarchical;

	enum conf_ipc ipc;
	/* attach = "zookeeper". */
	bool attach;
	/* False with `attach`, whatever the file says. */
	bool zab;
	/* False without `zab`, whatever the file says. */
	bool early_finalize;
	bool rights;
	/* Its members may ask what changes nothing; "": there is no such group. */
	char control_group[CONF_GROUP_MAX];
	/* Its number on this machine. */
	uint32_t control_gid;
	/* Its members may hold leadership; "": there is no such group. */
	char hold_group[CONF_GROUP_MAX];
	uint32_t hold_gid;
	/* enum log_level of base/log.h. */
	int log_level;

	/* `ipc://` and a path, at which the events are published; "": nowhere. */
	char events[CONF_EVENTS_MAX];
	/* When a leader asks for a lease, and for how long; 0: for sync_limit ticks. */
	enum conf_lease lease;
	uint32_t lease_ms;
	/* A follower promises no longer one. */
	uint32_t lease_max_ms;
	/* How long a leader and its followers wait for a process that is restarted. */
	uint32_t resume_ms;
	/* By how much the rates of two clocks may differ. */
	uint32_t drift_percent;

	/* In ms; the limits are in ticks. */
	struct {
		uint32_t tick_ms;
		uint32_t init_limit;
		uint32_t sync_limit;
		uint32_t finalize_ms;
		uint32_t notify_min_ms;
		uint32_t notify_max_ms;
	} timing;

	struct {
		uint32_t connect_ms;
		uint32_t handshake_ms;
		uint32_t handshakes_max;
		uint32_t retry_min_ms;
		uint32_t retry_max_ms;
		uint32_t keepalive_ms;
		uint32_t user_timeout_ms;
		uint32_t strangers_max;
	} links;

	/* Who is believed on the TCP connections; tls/context.h says what the file is. */
	struct {
		enum conf_tls mode;
		/* False while a group goes from plain connections to TLS. */
		bool enforce;
		/* "": not given. */
		char key_file[CONF_PATH_MAX];
	} tls;

	struct {
		uint32_t watchdog_ms;
		uint32_t abort_ms;
		uint32_t ready_ms;
		uint32_t stop_ms;
		uint32_t hold_stop_ms;
		uint32_t restart_min_ms;
		uint32_t restart_max_ms;
		uint32_t restart_reset_ms;
		uint32_t probation_ms;
		uint32_t memory_mb;
	} supervisor;
};

/* An error for people: `FILE:LINE: what is wrong; what to write instead`. */
struct conf_error {
	char text[1024];
};

/* What is allowed, and probably not meant: `FILE:LINE: warning: …`. */
#define CONF_WARNINGS_MAX 6
struct conf_warnings {
	unsigned count;
	struct conf_error list[CONF_WARNINGS_MAX];
};

/* Reads and checks the file `path`. 0; 1: the file is wrong; -errno: the file could not
 * be read. `error` says what is wrong and where. `out` is untouched unless 0. A struct
 * conf is large: keep it static or on the heap. `self` points into `out` itself. */
int conf_load(const char *path, struct conf *out, struct conf_error *error);
/* The same; `warnings` is filled if it returns 0. */
int conf_load_warned(const char *path, struct conf *out, struct conf_error *error,
                     struct conf_warnings *warnings);

/* The same for a process that runs with `running`, which is not `out`: a file that it
 * cannot take over as a whole is refused. It takes over another log_level, the addresses
 * of other servers, and with another version other members. */
int conf_load_again(const char *path, const struct conf *running, struct conf *out,
                    struct conf_error *error, struct conf_warnings *warnings);
/* Puts into `running` what conf_load_again lets differ. */
void conf_take(struct conf *running, const struct conf *fresh);

/* The canonical form, with the keys in one order. A file with this text gives the same
 * struct. Without `all` what has its default is left out, of the keys of groups, the
 * names, and `version`, because a worker of another release may not know these keys.
 * Returns the length without the NUL, or 0 if the text does not fit. */
size_t conf_print(const struct conf *c, bool all, char *out, size_t cap);
#define CONF_PRINT_MAX 65536

/* The configuration text that our notifications carry, see wire/qconfig; and what others
 * read in it. Without `zab` its version is 0. With `attach` it leaves this server out.
 * Returns the length without the NUL, or 0 if the text does not fit. */
size_t conf_qconfig(const struct conf *c, char *out, size_t cap, struct qconfig *read);

/* The members, without instances, and their addresses, which are put into `hints`: of
 * this server only if others can reach it there. False:
 * no membership is like this (wire/members.h), and nothing has changed. */
bool conf_members(const struct conf *c, struct members *out, struct members_hints *hints);

const struct conf_server *conf_server(const struct conf *c, int64_t id); /* NULL: none */
bool conf_is_voter(const struct conf *c, int64_t id);
unsigned conf_remote_count(const struct conf *c); /* of all servers but this one */
/* A server that is reached over a network, where nobody has to prove who it is; NULL:
 * there is none. */
const struct conf_server *conf_exposed(const struct conf *c);
/* How long a lease is that this server asks for: lease_ms, or else sync_limit ticks, of
 * which others promise no more than lease_max_ms. */
uint32_t conf_lease_ms(const struct conf *c);

/* The same servers with the same keys; their order does not matter. */
bool conf_same_servers(const struct conf *a, const struct conf *b);

/* The path of the first key that differs and takes effect at the next start only; "" if
 * nothing differs, or only keys that a reload takes over. */
const char *conf_difference(const struct conf *running, const struct conf *file);

#endif
