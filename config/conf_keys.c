/* The tables of keys and words; see conf_keys.h. */
#include "config/conf_keys.h"

#include "base/log.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* The largest init_limit and sync_limit times the largest tick still fit 32 bits. */
const struct conf_number conf_numbers[CONF_NUMBERS] = {
    {"timing.tick_ms", offsetof(struct conf, timing.tick_ms), 50, 1, 60000, "ms"},
    {"timing.init_limit", offsetof(struct conf, timing.init_limit), 40, 1, 10000,
     "ticks"},
    {"timing.sync_limit", offsetof(struct conf, timing.sync_limit), 6, 2, 10000, "ticks"},
    {"timing.finalize_ms", offsetof(struct conf, timing.finalize_ms), 200, 1, 60000,
     "ms"},
    {"timing.notify_min_ms", offsetof(struct conf, timing.notify_min_ms), 200, 1, 60000,
     "ms"},
    {"timing.notify_max_ms", offsetof(struct conf, timing.notify_max_ms), 1000, 1, 600000,
     "ms"},
    {"links.connect_ms", offsetof(struct conf, links.connect_ms), 1000, 10, 60000, "ms"},
    {"links.handshake_ms", offsetof(struct conf, links.handshake_ms), 2000, 10, 60000,
     "ms"},
    {"links.handshakes_max", offsetof(struct conf, links.handshakes_max), 128, 4, 4096,
     "connections"},
    {"links.retry_min_ms", offsetof(struct conf, links.retry_min_ms), 20, 1, 60000, "ms"},
    {"links.retry_max_ms", offsetof(struct conf, links.retry_max_ms), 200, 1, 600000,
     "ms"},
    {"links.keepalive_ms", offsetof(struct conf, links.keepalive_ms), 2000, 1000, 3600000,
     "ms"},
    {"links.user_timeout_ms", offsetof(struct conf, links.user_timeout_ms), 5000, 100,
     3600000, "ms"},
    {"links.strangers_max", offsetof(struct conf, links.strangers_max), 64, 1, 4096,
     "connections"},
    {"supervisor.watchdog_ms", offsetof(struct conf, supervisor.watchdog_ms), 2000, 50,
     3600000, "ms"},
    {"supervisor.abort_ms", offsetof(struct conf, supervisor.abort_ms), 500, 10, 600000,
     "ms"},
    {"supervisor.ready_ms", offsetof(struct conf, supervisor.ready_ms), 5000, 50, 3600000,
     "ms"},
    {"supervisor.stop_ms", offsetof(struct conf, supervisor.stop_ms), 2000, 10, 600000,
     "ms"},
    {"supervisor.restart_min_ms", offsetof(struct conf, supervisor.restart_min_ms), 50, 1,
     600000, "ms"},
    {"supervisor.restart_max_ms", offsetof(struct conf, supervisor.restart_max_ms), 5000,
     1, 3600000, "ms"},
    {"supervisor.restart_reset_ms", offsetof(struct conf, supervisor.restart_reset_ms),
     10000, 1, 3600000, "ms"},
    {"supervisor.probation_ms", offsetof(struct conf, supervisor.probation_ms), 30000,
     100, 3600000, "ms"},
    {"supervisor.memory_mb", offsetof(struct conf, supervisor.memory_mb), 128, 0, 1048576,
     "MiB"},
};

/* All other keys, likewise as GROUP.NAME. */
static const char *const other_keys[] = {
    ".id",
    ".id_file",
    ".run_dir",
    ".data_dir",
    ".program_dir",
    ".servers",
    ".timing",
    ".links",
    ".supervisor",
    ".ipc",
    ".attach",
    ".zab",
    ".early_finalize",
    ".rights",
    ".log_level",
    "servers.id",
    "servers.host",
    "servers.quorum_port",
    "servers.election_port",
    "servers.role",
    "servers.weight",
    "servers.group",
};
#define OTHER_KEYS (sizeof(other_keys) / sizeof(other_keys[0]))

const struct conf_word conf_ipc_words[] = {
    {"nng", CONF_IPC_NNG}, {"seqpacket", CONF_IPC_SEQPACKET}, {NULL, 0}};
const struct conf_word conf_attach_words[] = {
    {"none", false}, {"zookeeper", true}, {NULL, 0}};
const struct conf_word conf_rights_words[] = {{"off", false}, {"on", true}, {NULL, 0}};
const struct conf_word conf_level_words[] = {
    {"err", LOG_LEVEL_ERR},       {"warning", LOG_LEVEL_WARNING},
    {"notice", LOG_LEVEL_NOTICE}, {"info", LOG_LEVEL_INFO},
    {"debug", LOG_LEVEL_DEBUG},   {NULL, 0}};
const struct conf_word conf_role_words[] = {
    {"participant", false}, {"observer", true}, {NULL, 0}};

const char *
conf_word_of(const struct conf_word *words, int value)
{
	while (words->text && words->value != value)
		words++;
	assert(words->text);
	return words->text;
}

const char *
conf_number_name(const struct conf_number *n)
{
	return strchr(n->path, '.') + 1;
}

static bool
is_in(const char *path, const char *group)
{
	size_t len = strlen(group);

	return strncmp(path, group, len) == 0 && path[len] == '.';
}

bool
conf_number_is_in(const struct conf_number *n, const char *group)
{
	return is_in(n->path, group);
}

uint32_t
conf_number_get(const struct conf_number *n, const struct conf *c)
{
	return *(const uint32_t *)((const char *)c + n->offset);
}

void
conf_number_set(const struct conf_number *n, struct conf *c, uint32_t value)
{
	*(uint32_t *)((char *)c + n->offset) = value;
}

/* Key number `i` of all keys. */
static const char *
key_path(unsigned i)
{
	return i < OTHER_KEYS ? other_keys[i] : conf_numbers[i - OTHER_KEYS].path;
}

#define KEYS     (OTHER_KEYS + CONF_NUMBERS)
#define SLIP_MAX 24 /* a longer name is no slip of a known one */

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* The number of letters to add, drop, change, or swap with the next, from one name to the
 * other: Damerau's distance, by rows. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned rows[3][SLIP_MAX + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2];
	unsigned a_len = (unsigned)strlen(a), b_len = (unsigned)strlen(b);

	for (unsigned j = 0; j <= b_len; j++)
		before[j] = above[j] = j;
	for (unsigned i = 1; i <= a_len; i++) {
		unsigned *oldest = before;

		row[0] = i;
		for (unsigned j = 1; j <= b_len; j++) {
			unsigned change = a[i - 1] != b[j - 1];

			row[j] =
			    least(above[j] + 1, row[j - 1] + 1, above[j - 1] + change);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = least(row[j], row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = oldest;
	}
	return above[b_len];
}

/* The known key nearest to `name`, if it is near. */
static const char *
nearest(const char *group, const char *name)
{
	size_t len = strlen(name);
	unsigned best = len < 5 ? 2 : 4; /* one slip less is accepted */
	const char *found = NULL;

	if (len > SLIP_MAX)
		return NULL;
	for (unsigned i = 0; i < KEYS; i++) {
		const char *key = strchr(key_path(i), '.') + 1;
		unsigned d;

		if (!is_in(key_path(i), group))
			continue;
		assert(strlen(key) <= SLIP_MAX);
		d = distance(name, key);
		if (d < best) {
			best = d;
			found = key;
		}
	}
	return found;
}

/* Another group that has this very key. */
static const char *
elsewhere(const char *name)
{
	for (unsigned i = 0; i < KEYS; i++)
		if (strcmp(strchr(key_path(i), '.') + 1, name) == 0)
			return key_path(i);
	return NULL;
}

void
conf_suggest(const char *group, const char *name, char out[CONF_SUGGESTION_MAX])
{
	const char *path = elsewhere(name), *key = nearest(group, name);
	const char *separator = "";
	size_t used;

	if (path && path[0] == '.') {
		snprintf(out, CONF_SUGGESTION_MAX, "write it outside of all groups");
		return;
	}
	if (path) {
		snprintf(out, CONF_SUGGESTION_MAX, "write it within %.*s",
		         (int)(strchr(path, '.') - path), path);
		return;
	}
	if (key) {
		snprintf(out, CONF_SUGGESTION_MAX, "write %s", key);
		return;
	}
	used = (size_t)snprintf(out, CONF_SUGGESTION_MAX, "write one of ");
	for (unsigned i = 0; i < KEYS; i++) {
		if (!is_in(key_path(i), group))
			continue;
		used += (size_t)snprintf(out + used, CONF_SUGGESTION_MAX - used, "%s%s",
		                         separator, strchr(key_path(i), '.') + 1);
		assert(used < CONF_SUGGESTION_MAX);
		separator = ", ";
	}
}
