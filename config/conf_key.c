/* The table of keys; see conf_key.h. */
#include "config/conf_key.h"

#include "base/log.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define OF(member) offsetof(struct conf, member), sizeof(((struct conf *)NULL)->member)
#define EACH(member)                                                                     \
	offsetof(struct conf_server, member), sizeof(((struct conf_server *)NULL)->member)

#define WEIGHT_MAX   1000000 /* so that no sum of weights wraps */
#define PRIORITY_MAX 1000000 /* MEMBERS_PRIORITY_MAX */

static const struct conf_word ipc_words[] = {
    {"nng", CONF_IPC_NNG}, {"seqpacket", CONF_IPC_SEQPACKET}, {NULL, 0}};
static const struct conf_word attach_words[] = {
    {"none", false}, {"zookeeper", true}, {NULL, 0}};
static const struct conf_word rights_words[] = {{"off", false}, {"on", true}, {NULL, 0}};
static const struct conf_word tls_words[] = {
    {"off", CONF_TLS_OFF}, {"psk", CONF_TLS_PSK}, {NULL, 0}};
static const struct conf_word lease_words[] = {{"auto", CONF_LEASE_AUTO},
                                               {"always", CONF_LEASE_ALWAYS},
                                               {"off", CONF_LEASE_OFF},
                                               {NULL, 0}};
static const struct conf_word level_words[] = {
    {"err", LOG_LEVEL_ERR},       {"warning", LOG_LEVEL_WARNING},
    {"notice", LOG_LEVEL_NOTICE}, {"info", LOG_LEVEL_INFO},
    {"debug", LOG_LEVEL_DEBUG},   {NULL, 0}};
static const struct conf_word role_words[] = {
    {"participant", false}, {"observer", true}, {NULL, 0}};

/* The canonical form has the keys in this order. The largest init_limit and sync_limit
 * times the largest tick fit 32 bits. */
const struct conf_key conf_keys[] = {
    {"id", CONF_INTEGER, OF(id), 0, 0, CONF_ID_MAX, "", "all programs",
     .meaning = "Which of the servers this one is.", .example = "1"},
    {"id_file", CONF_PATH, OF(id_file), .users = "all programs",
     .meaning = "The file that holds the id, in place of the key id.",
     .example = "\"/etc/conclave/id\"", .change = CONF_INDIRECT},
    {"run_dir", CONF_PATH, OF(run_dir), .users = "all programs",
     .meaning =
         "The folder for sockets, for the lock, and for files that outlive a crash "
         "but not a reboot.",
     .example = "\"/run/conclave\"", .required = true},
    {"data_dir", CONF_PATH, OF(data_dir), .users = "conclaved, connmgr and peer",
     .meaning =
         "The folder for files that outlive a reboot, such as the promised epochs.",
     .example = "\"/var/lib/conclave\"", .required = true},
    {"program_dir", CONF_PATH, OF(program_dir), .users = "conclaved",
     .meaning = "The folder with the programs of the workers.",
     .example = "\"/usr/libexec/conclave\"", .may_be_empty = true},
    {"version", CONF_INTEGER, OF(version), 1, 1, INT32_MAX, "", "elector and peer",
     .meaning = "Which edition of the list servers this is, one higher each time.",
     .change = CONF_RELOAD},
    {"servers", CONF_LIST, OF(servers), .users = "all programs",
     .meaning = "The servers of the ensemble, 1 to 32.",
     .example = "( { id = 1; host = \"10.0.0.1\"; quorum_port = 2888; "
                "election_port = 3888; } )",
     .required = true, .change = CONF_RELOAD},
    {"servers.id", CONF_INTEGER, EACH(id), 0, 0, CONF_ID_MAX, "", "all programs",
     .meaning = "The id of the server; no other one has it.", .example = "1",
     .required = true},
    {"servers.host", CONF_HOSTS, EACH(host), .users = "connmgr",
     .meaning = "The name or address of the server.", .example = "\"10.0.0.1\"",
     .required = true},
    {"servers.quorum_port", CONF_INTEGER, EACH(quorum_port), 0, 1, UINT16_MAX, "",
     "connmgr and peer",
     .meaning = "The TCP port on which a leader accepts its followers.",
     .example = "2888", .required = true},
    {"servers.election_port", CONF_INTEGER, EACH(election_port), 0, 1, UINT16_MAX, "",
     "connmgr", .meaning = "The TCP port for elections.", .example = "3888",
     .required = true},
    {"servers.role", CONF_WORD, EACH(observer), false, .users = "elector and peer",
     .meaning = "Whether the server votes.", .words = role_words},
    {"servers.weight", CONF_INTEGER, EACH(weight), 1, 0, WEIGHT_MAX, "",
     "elector and peer", .meaning = "The weight of the server within its group."},
    {"servers.group", CONF_INTEGER, EACH(group), -1, 0, CONF_ID_MAX, "",
     "elector and peer", .meaning = "The group of the server, for hierarchical quorums.",
     .example = "1", .has = offsetof(struct conf_server, has_group)},
    {"servers.priority", CONF_INTEGER, EACH(priority), 0, 0, PRIORITY_MAX, "",
     "elector and peer",
     .meaning = "Of servers that are equally fresh, that with the largest is elected.",
     .sparse = true},

    {"timing", CONF_GROUP, 0, 0, .users = "elector and peer",
     .meaning = "How long the steps of an election and of a leader's work may take."},
    {"timing.tick_ms", CONF_INTEGER, OF(timing.tick_ms), 50, 1, 60000, "ms", "peer",
     .meaning = "The unit of init_limit and sync_limit."},
    {"timing.init_limit", CONF_INTEGER, OF(timing.init_limit), 40, 1, 10000, "ticks",
     "peer",
     .meaning = "The longest time from a decision until the leader is established."},
    {"timing.sync_limit", CONF_INTEGER, OF(timing.sync_limit), 6, 2, 10000, "ticks",
     "peer", .meaning = "The longest silence between a leader and a learner."},
    {"timing.finalize_ms", CONF_INTEGER, OF(timing.finalize_ms), 200, 1, 60000, "ms",
     "elector",
     .meaning = "How long an election waits for a better vote once it has a quorum."},
    {"timing.notify_min_ms", CONF_INTEGER, OF(timing.notify_min_ms), 200, 1, 60000, "ms",
     "elector", .meaning = "The first wait before a vote is sent again.",
     .at_most = "timing.notify_max_ms"},
    {"timing.notify_max_ms", CONF_INTEGER, OF(timing.notify_max_ms), 1000, 1, 600000,
     "ms", "elector", .meaning = "The longest wait before a vote is sent again."},

    {"links", CONF_GROUP, 0, 0, .users = "connmgr",
     .meaning = "The TCP connections to other servers."},
    {"links.connect_ms", CONF_INTEGER, OF(links.connect_ms), 1000, 10, 60000, "ms",
     "connmgr", .meaning = "How long one attempt to connect may take."},
    {"links.handshake_ms", CONF_INTEGER, OF(links.handshake_ms), 2000, 10, 60000, "ms",
     "connmgr",
     .meaning = "How long an accepted connection may take to send its initial message."},
    {"links.handshakes_max", CONF_INTEGER, OF(links.handshakes_max), 128, 4, 4096,
     "connections", "connmgr",
     .meaning = "How many connections to one port may be without their initial message."},
    {"links.retry_min_ms", CONF_INTEGER, OF(links.retry_min_ms), 20, 1, 60000, "ms",
     "connmgr", .meaning = "The wait after the first failed attempt to connect again.",
     .at_most = "links.retry_max_ms"},
    {"links.retry_max_ms", CONF_INTEGER, OF(links.retry_max_ms), 200, 1, 600000, "ms",
     "connmgr", .meaning = "The longest wait between two attempts to connect."},
    {"links.keepalive_ms", CONF_INTEGER, OF(links.keepalive_ms), 2000, 1000, 3600000,
     "ms", "connmgr",
     .meaning = "How long a connection is idle before the first TCP keepalive."},
    {"links.user_timeout_ms", CONF_INTEGER, OF(links.user_timeout_ms), 5000, 100, 3600000,
     "ms", "connmgr", .meaning = "How long sent data may stay unacknowledged."},
    {"links.strangers_max", CONF_INTEGER, OF(links.strangers_max), 64, 1, 4096,
     "connections", "connmgr",
     .meaning = "How many servers outside of the configuration may be linked."},

    {"tls", CONF_GROUP, 0, 0, .users = "connmgr",
     .meaning = "Who is believed on the TCP connections between servers.", .late = true},
    {"tls.mode", CONF_WORD, OF(tls.mode), CONF_TLS_OFF, .users = "connmgr",
     .meaning = "How servers prove to one another who they are.", .words = tls_words},
    {"tls.enforce", CONF_TRUTH, OF(tls.enforce), true, .users = "connmgr",
     .meaning = "Whether connections without TLS are refused."},
    {"tls.key_file", CONF_PATH, OF(tls.key_file), .users = "connmgr",
     .meaning = "The file with the keys of the group.",
     .example = "\"/etc/conclave/tls/group.key\"", .may_be_empty = true},

    {"supervisor", CONF_GROUP, 0, 0, .users = "conclaved",
     .meaning = "How conclaved supervises its workers."},
    {"supervisor.watchdog_ms", CONF_INTEGER, OF(supervisor.watchdog_ms), 2000, 50,
     3600000, "ms", "conclaved",
     .meaning = "A worker that is silent for this long counts as hung."},
    {"supervisor.abort_ms", CONF_INTEGER, OF(supervisor.abort_ms), 500, 10, 600000, "ms",
     "conclaved",
     .meaning = "The time from SIGABRT, which a hung worker gets, to SIGKILL."},
    {"supervisor.ready_ms", CONF_INTEGER, OF(supervisor.ready_ms), 5000, 50, 3600000,
     "ms", "conclaved",
     .meaning = "A worker that is not ready this long after its start counts as hung."},
    {"supervisor.stop_ms", CONF_INTEGER, OF(supervisor.stop_ms), 2000, 10, 600000, "ms",
     "conclaved and peer",
     .meaning = "The time from SIGTERM to SIGKILL when a worker is stopped."},
    {"supervisor.hold_stop_ms", CONF_INTEGER, OF(supervisor.hold_stop_ms), 15000, 10,
     600000, "ms", "conclaved and peer",
     .meaning =
         "How long a leader that stops, or steps down, waits for who holds to let go."},
    {"supervisor.restart_min_ms", CONF_INTEGER, OF(supervisor.restart_min_ms), 50, 1,
     600000, "ms", "conclaved", .meaning = "The wait before the second restart in a row.",
     .at_most = "supervisor.restart_max_ms"},
    {"supervisor.restart_max_ms", CONF_INTEGER, OF(supervisor.restart_max_ms), 5000, 1,
     3600000, "ms", "conclaved", .meaning = "The longest wait before a restart."},
    {"supervisor.restart_reset_ms", CONF_INTEGER, OF(supervisor.restart_reset_ms), 10000,
     1, 3600000, "ms", "conclaved",
     .meaning =
         "A worker that was ready for this long is restarted at once when it ends."},
    {"supervisor.probation_ms", CONF_INTEGER, OF(supervisor.probation_ms), 30000, 100,
     3600000, "ms", "conclaved",
     .meaning = "How long an elector that was swapped in is on probation."},
    {"supervisor.memory_mb", CONF_INTEGER, OF(supervisor.memory_mb), 128, 0, 1048576,
     "MiB", "conclaved", .meaning = "The memory that each worker may use for its data."},

    {"ipc", CONF_WORD, OF(ipc), CONF_IPC_NNG, .users = "connmgr, elector and peer",
     .meaning = "What connects the workers of one server.", .words = ipc_words},
    {"attach", CONF_WORD, OF(attach), false, .users = "elector and peer",
     .meaning = "Whether this server observes a live ZooKeeper ensemble.",
     .words = attach_words},
    {"zab", CONF_TRUTH, OF(zab), true, .users = "elector and peer",
     .meaning = "Whether a leader needs a quorum that has promised its epoch on disk."},
    {"early_finalize", CONF_TRUTH, OF(early_finalize), true, .users = "elector",
     .meaning = "Whether an election ends at once when no better vote can arrive."},
    {"rights", CONF_WORD, OF(rights), true, .users = "conclaved and its workers",
     .meaning = "Whether the daemons drop the privileges that they do not need.",
     .words = rights_words},
    {"control_group", CONF_NAME, OF(control_group), .users = "conclaved and its workers",
     .meaning = "The group of /etc/group whose members may ask, and change nothing.",
     .example = "\"adm\"", .may_be_empty = true},
    {"hold_group", CONF_NAME, OF(hold_group), .users = "conclaved and its workers",
     .meaning = "The group of /etc/group whose members may hold leadership, and ask.",
     .example = "\"postgres\"", .may_be_empty = true},
    {"events", CONF_IPC_PATH, OF(events), .users = "peer",
     .meaning = "Where clients of nng and nanomsg may subscribe to the events.",
     .example = "\"ipc:///run/conclave/peer/events\"", .may_be_empty = true},
    {"lease", CONF_WORD, OF(lease), CONF_LEASE_AUTO, .users = "peer",
     .meaning = "When a leader asks the others for a lease.", .words = lease_words,
     .late = true},
    {"lease_ms", CONF_INTEGER, OF(lease_ms), 0, 0, 600000, "ms", "peer",
     .meaning = "How long a lease is that this server asks for.",
     .at_most = "lease_max_ms", .late = true},
    {"lease_max_ms", CONF_INTEGER, OF(lease_max_ms), 60000, 1, 600000, "ms", "peer",
     .meaning = "The longest lease that this server promises to others.", .late = true},
    {"resume_ms", CONF_INTEGER, OF(resume_ms), 150, 0, 60000, "ms", "peer",
     .meaning =
         "How long a process that ended is waited for before a leader is given up.",
     .late = true},
    {"drift_percent", CONF_INTEGER, OF(drift_percent), 10, 0, 40, "percent", "peer",
     .meaning = "By how much the rates of the servers' clocks may differ.", .late = true},
    {"log_level", CONF_WORD, OF(log_level), LOG_LEVEL_INFO,
     .users = "conclaved and its workers",
     .meaning = "The least important messages that are logged.", .words = level_words,
     .change = CONF_RELOAD},
    {.path = NULL},
};

_Static_assert(sizeof(conf_keys) / sizeof(conf_keys[0]) <= CONF_KEYS_MAX,
               "places are kept for CONF_KEYS_MAX keys");

const char *
conf_key_name(const struct conf_key *k)
{
	const char *dot = strchr(k->path, '.');

	return dot ? dot + 1 : k->path;
}

bool
conf_key_is_in(const struct conf_key *k, const char *group)
{
	size_t len = strlen(group);

	if (len == 0)
		return !strchr(k->path, '.');
	return strncmp(k->path, group, len) == 0 && k->path[len] == '.';
}

const struct conf_key *
conf_key_find(const char *group, const char *name)
{
	for (const struct conf_key *k = conf_keys; k->path; k++)
		if (group[0]
		        ? conf_key_is_in(k, group) && strcmp(conf_key_name(k), name) == 0
		        : strcmp(k->path, name) == 0)
			return k;
	return NULL;
}

int64_t
conf_key_get(const struct conf_key *k, const void *base)
{
	const char *start = base, *at = start + k->offset;

	if (k->has && !*(const bool *)(start + k->has))
		return -1;
	switch (k->size) {
	case sizeof(bool):
		return *(const bool *)at;
	case sizeof(uint16_t):
		return *(const uint16_t *)at;
	case sizeof(uint32_t):
		return *(const uint32_t *)at;
	default:
		return *(const int64_t *)at;
	}
}

void
conf_key_set(const struct conf_key *k, void *base, int64_t value)
{
	char *start = base, *at = start + k->offset;

	if (k->has)
		*(bool *)(start + k->has) = true;
	switch (k->size) {
	case sizeof(bool):
		*(bool *)at = value != 0;
		break;
	case sizeof(uint16_t):
		*(uint16_t *)at = (uint16_t)value;
		break;
	case sizeof(uint32_t):
		*(uint32_t *)at = (uint32_t)value;
		break;
	default:
		*(int64_t *)at = value;
		break;
	}
}

const char *
conf_word_of(const struct conf_key *k, const void *base)
{
	const struct conf_word *word = k->words;

	while (word->text && word->value != conf_key_get(k, base))
		word++;
	assert(word->text);
	return word->text;
}

bool
conf_key_same(const struct conf_key *k, const void *a, const void *b)
{
	if (k->kind <= CONF_WORD)
		return conf_key_get(k, a) == conf_key_get(k, b);
	return strcmp((const char *)a + k->offset, (const char *)b + k->offset) == 0;
}

void
conf_defaults(struct conf *c)
{
	for (const struct conf_key *k = conf_keys; k->path; k++) {
		if (k->kind > CONF_WORD || k->has)
			continue;
		if (!conf_key_is_in(k, "servers"))
			conf_key_set(k, c, k->standard);
		for (unsigned i = 0; conf_key_is_in(k, "servers") && i < CONF_SERVERS_MAX;
		     i++)
			conf_key_set(k, &c->servers[i], k->standard);
	}
}

#define SLIP_MAX 24 /* a longer name misspells no key */

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* How many letters must be added, dropped, changed, or swapped with the next one, to make
 * one name of the other: Damerau's distance. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned d[SLIP_MAX + 1][SLIP_MAX + 1] = {{0}};
	size_t a_len = strlen(a), b_len = strlen(b);

	for (unsigned i = 0; i <= a_len; i++)
		d[i][0] = i;
	for (unsigned j = 0; j <= b_len; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= a_len; i++)
		for (size_t j = 1; j <= b_len; j++) {
			unsigned change = a[i - 1] != b[j - 1];

			d[i][j] = least(d[i - 1][j] + 1, d[i][j - 1] + 1,
			                d[i - 1][j - 1] + change);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && d[i][j] > d[i - 2][j - 2] + 1)
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	return d[a_len][b_len];
}

/* The key of `group` nearest to `name`, NULL if none is near. */
static const struct conf_key *
nearest(const char *group, const char *name)
{
	unsigned best = strlen(name) < 5 ? 2 : 4; /* one less is accepted */
	const struct conf_key *found = NULL;

	if (strlen(name) > SLIP_MAX)
		return NULL;
	for (const struct conf_key *k = conf_keys; k->path; k++) {
		const char *key = conf_key_name(k);
		unsigned d;

		if (!conf_key_is_in(k, group))
			continue;
		assert(strlen(key) <= SLIP_MAX);
		d = distance(name, key);
		if (d < best) {
			best = d;
			found = k;
		}
	}
	return found;
}

void
conf_suggest(const char *group, const char *name, char out[CONF_SUGGESTION_MAX])
{
	const struct conf_key *near = nearest(group, name);
	const char *separator = "write one of ";
	size_t used = 0;

	for (const struct conf_key *k = conf_keys; k->path; k++) {
		const char *dot = strchr(k->path, '.');

		if (strcmp(conf_key_name(k), name) != 0)
			continue;
		if (dot)
			snprintf(out, CONF_SUGGESTION_MAX, "write it within %.*s",
			         (int)(dot - k->path), k->path);
		else
			snprintf(out, CONF_SUGGESTION_MAX,
			         "write it outside of all groups");
		return;
	}
	if (near) {
		snprintf(out, CONF_SUGGESTION_MAX, "write %s", conf_key_name(near));
		return;
	}
	for (const struct conf_key *k = conf_keys; k->path; k++) {
		if (!conf_key_is_in(k, group))
			continue;
		used += (size_t)snprintf(out + used, CONF_SUGGESTION_MAX - used, "%s%s",
		                         separator, conf_key_name(k));
		assert(used < CONF_SUGGESTION_MAX);
		separator = ", ";
	}
}
