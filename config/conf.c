/* Inside config/: the table of keys, and where things stand in the file. */
#ifndef CONFIG_CONF_IMPL_H
#define CONFIG_CONF_IMPL_H

#include "config/conf.h"

#include <stddef.h>
#include <stdint.h>

enum conf_type { CONF_BOOL, CONF_U16, CONF_U32, CONF_I64, CONF_TEXT, CONF_CHOICE };

/* One word of a CONF_CHOICE; the field is an int, or a bool where `size` says so. */
struct conf_choice {
	const char *word;
	int value;
};

struct conf_key {
	const char *name;
	enum conf_type type;
	size_t offset; /* in struct conf, or in struct conf_server for `servers` */
	size_t size;   /* of the field */
	int64_t min, max;
	int64_t fallback; /* default of a number, bool or choice */
	const struct conf_choice *choices; /* ends with a NULL word */
	const char *example; /* what to write instead */
};

struct conf_group {
	const char *name; /* "" the top level, "servers" one entry of the list */
	const struct conf_key *keys;
	unsigned count;
};

extern const struct conf_group conf_top, conf_timing, conf_links, conf_supervisor,
    conf_entry;

/* Where something was said; file is NULL and line 0 where it was not. */
struct conf_place {
	const char *file;
	unsigned line;
};

struct conf_places {
	struct conf_place id, id_file, run_dir, data_dir, program_dir, servers, timing, links,
	    supervisor;
	struct conf_place entries[CONF_SERVERS_MAX];
};

/* Fills the error; returns 1. */
int conf_fail(struct conf_error *error, struct conf_place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Finds integer literals of the text that libconfig would wrap in silence, and follows
 * @include (relative to `dir`). 0 or 1. */
int conf_scan(const char *file, const char *text, const char *dir, struct conf_error *error);

/* All that is between keys. Sets `self` and `hierarchical`. 0 or 1. */
int conf_check(struct conf *c, const struct conf_places *places, struct conf_error *error);

/* A whole file, NUL-terminated, to be freed; NULL with errno. */
char *conf_read_text(const char *path);

int64_t conf_get(const void *base, const struct conf_key *key);
void conf_set(void *base, const struct conf_key *key, int64_t value);

#endif
/* The table of keys: name, type, range, default. conf.c reads by it, conf_print.c prints. */
#include "base/log.h"

#include <assert.h>
#include <string.h>

#define FIELD(type, name)  offsetof(struct type, name), sizeof(((struct type *)0)->name)
#define COUNT(keys)        (sizeof(keys) / sizeof((keys)[0]))
#define MS(group, field, low, high, standard)                                              \
	{                                                                                  \
		.name = #field, .type = CONF_U32, FIELD(conf, group.field), .min = low,    \
		.max = high, .fallback = standard                                          \
	}

static const struct conf_choice ipc_words[] = {
    {"nng", CONF_IPC_NNG}, {"seqpacket", CONF_IPC_SEQPACKET}, {NULL, 0}};
static const struct conf_choice level_words[] = {
    {"err", LOG_LEVEL_ERR},   {"warning", LOG_LEVEL_WARNING}, {"notice", LOG_LEVEL_NOTICE},
    {"info", LOG_LEVEL_INFO}, {"debug", LOG_LEVEL_DEBUG},     {NULL, 0}};
static const struct conf_choice role_words[] = {
    {"participant", false}, {"observer", true}, {NULL, 0}};

static const struct conf_key top_keys[] = {
    {"id", CONF_I64, FIELD(conf, id), 0, CONF_ID_MAX, 0, NULL, "id = 1;"},
    {"run_dir", CONF_TEXT, FIELD(conf, run_dir), 0, 0, 0, NULL,
     "run_dir = \"/run/conclave\";"},
    {"data_dir", CONF_TEXT, FIELD(conf, data_dir), 0, 0, 0, NULL,
     "data_dir = \"/var/lib/conclave\";"},
    {"program_dir", CONF_TEXT, FIELD(conf, program_dir), 0, 0, 0, NULL,
     "program_dir = \"/usr/libexec/conclave\";"},
    {"ipc", CONF_CHOICE, FIELD(conf, ipc), 0, 0, CONF_IPC_NNG, ipc_words, "ipc = \"nng\";"},
    {"zab", CONF_BOOL, FIELD(conf, zab), 0, 1, true, NULL, "zab = true;"},
    {"early_finalize", CONF_BOOL, FIELD(conf, early_finalize), 0, 1, true, NULL,
     "early_finalize = true;"},
    {"log_level", CONF_CHOICE, FIELD(conf, log_level), 0, 0, LOG_LEVEL_INFO, level_words,
     "log_level = \"info\";"},
};
const struct conf_group conf_top = {"", top_keys, COUNT(top_keys)};

static const struct conf_key timing_keys[] = {
    MS(timing, tick_ms, 1, 60000, 50),
    MS(timing, init_limit, 1, 100000, 40),
    MS(timing, sync_limit, 1, 100000, 6),
    MS(timing, finalize_ms, 1, 60000, 200),
    MS(timing, notify_min_ms, 1, 60000, 200),
    MS(timing, notify_max_ms, 1, 600000, 1000),
};
const struct conf_group conf_timing = {"timing", timing_keys, COUNT(timing_keys)};

static const struct conf_key links_keys[] = {
    MS(links, connect_ms, 10, 60000, 1000),
    MS(links, handshake_ms, 10, 60000, 2000),
    MS(links, handshakes_max, 4, 4096, 128),
    MS(links, retry_min_ms, 1, 60000, 20),
    MS(links, retry_max_ms, 1, 600000, 200),
    MS(links, keepalive_ms, 1000, 3600000, 2000),
    MS(links, user_timeout_ms, 100, 3600000, 5000),
    MS(links, strangers_max, 1, 4096, 64),
};
const struct conf_group conf_links = {"links", links_keys, COUNT(links_keys)};

static const struct conf_key supervisor_keys[] = {
    MS(supervisor, watchdog_ms, 50, 3600000, 2000),
    MS(supervisor, abort_ms, 10, 600000, 500),
    MS(supervisor, ready_ms, 50, 3600000, 5000),
    MS(supervisor, stop_ms, 10, 600000, 2000),
    MS(supervisor, restart_min_ms, 1, 600000, 50),
    MS(supervisor, restart_max_ms, 1, 3600000, 5000),
    MS(supervisor, restart_reset_ms, 1, 3600000, 10000),
};
const struct conf_group conf_supervisor = {"supervisor", supervisor_keys,
                                           COUNT(supervisor_keys)};

static const struct conf_key entry_keys[] = {
    {"id", CONF_I64, FIELD(conf_server, id), 0, CONF_ID_MAX, 0, NULL, "id = 1;"},
    {"host", CONF_TEXT, FIELD(conf_server, host), 0, 0, 0, NULL, "host = \"10.0.0.1\";"},
    {"quorum_port", CONF_U16, FIELD(conf_server, quorum_port), 1, 65535, 0, NULL,
     "quorum_port = 2888;"},
    {"election_port", CONF_U16, FIELD(conf_server, election_port), 1, 65535, 0, NULL,
     "election_port = 3888;"},
    {"role", CONF_CHOICE, FIELD(conf_server, observer), 0, 0, false, role_words,
     "role = \"participant\";"},
    {"weight", CONF_I64, FIELD(conf_server, weight), 0, 1000000, 1, NULL, "weight = 1;"},
    {"group", CONF_I64, FIELD(conf_server, group), 0, INT64_MAX, 0, NULL, "group = 1;"},
};
const struct conf_group conf_entry = {"servers", entry_keys, COUNT(entry_keys)};

int64_t
conf_get(const void *base, const struct conf_key *key)
{
	int64_t value = 0;

	/* little-endian or not: through the type of the field */
	if (key->size == sizeof(bool))
		return *(const bool *)((const char *)base + key->offset);
	if (key->size == sizeof(uint16_t))
		return *(const uint16_t *)((const char *)base + key->offset);
	if (key->size == sizeof(uint32_t))
		return *(const uint32_t *)((const char *)base + key->offset);
	assert(key->size == sizeof(int64_t));
	memcpy(&value, (const char *)base + key->offset, sizeof(value));
	return value;
}

void
conf_set(void *base, const struct conf_key *key, int64_t value)
{
	char *field = (char *)base + key->offset;

	if (key->size == sizeof(bool))
		*(bool *)field = value != 0;
	else if (key->size == sizeof(uint16_t))
		*(uint16_t *)field = (uint16_t)value;
	else if (key->size == sizeof(uint32_t))
		*(uint32_t *)field = (uint32_t)value;
	else
		memcpy(field, &value, sizeof(value));
}
/* The configuration file, read by the table of keys; see conf.h. The one home of libconfig.
 * libconfig reports no unknown key and wraps integers in silence: the tree is walked
 * against the table, and conf_scan.c has looked at the literals before. */
#include "config/conf.h"


#include <errno.h>
#include <inttypes.h>
#include <libconfig.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	const char *file;
	struct conf *conf;
	struct conf_places places;
	struct conf_error *error;
};

int
conf_fail(struct conf_error *error, struct conf_place at, const char *format, ...)
{
	size_t room = sizeof(error->text);
	int head;
	va_list args;

	head = snprintf(error->text, room, "%s:%u: ", at.file, at.line);
	if (head < 0 || (size_t)head >= room)
		return 1;
	va_start(args, format);
	vsnprintf(error->text + head, room - (size_t)head, format, args);
	va_end(args);
	return 1;
}

static struct conf_place
place_of(const struct reader *r, const config_setting_t *s)
{
	const char *file = config_setting_source_file(s);

	return (struct conf_place){file ? file : r->file, config_setting_source_line(s)};
}

static const char *
type_word(int type)
{
	switch (type) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "a number";
	case CONFIG_TYPE_FLOAT:
		return "a number with a fraction";
	case CONFIG_TYPE_STRING:
		return "a text";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_GROUP:
		return "a group { … }";
	default:
		return "a list";
	}
}

static int
wrong_type(const struct reader *r, const config_setting_t *s, const struct conf_key *key)
{
	static const char *const wanted[] = {
	    [CONF_BOOL] = "true or false", [CONF_U16] = "a number", [CONF_U32] = "a number",
	    [CONF_I64] = "a number",       [CONF_TEXT] = "a text",  [CONF_CHOICE] = "a text"};
	char number[64];

	snprintf(number, sizeof(number), "%s = %" PRId64 ";", key->name, key->fallback);
	return conf_fail(r->error, place_of(r, s), "%s is %s, and must be %s; write %s", key->name,
	                 type_word(config_setting_type(s)), wanted[key->type],
	                 key->example ? key->example : number);
}

static int
read_number(const struct reader *r, const config_setting_t *s, const struct conf_key *key,
            void *base)
{
	int type = config_setting_type(s);
	int64_t value;

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		return wrong_type(r, s, key);
	value = type == CONFIG_TYPE_INT ? config_setting_get_int(s)
	                                : (int64_t)config_setting_get_int64(s);
	if (value < key->min || value > key->max)
		return conf_fail(r->error, place_of(r, s),
		                 "%s = %" PRId64 " is out of range; write %" PRId64
		                 " to %" PRId64,
		                 key->name, value, key->min, key->max);
	conf_set(base, key, value);
	return 0;
}

static int
read_choice(const struct reader *r, const config_setting_t *s, const struct conf_key *key,
            void *base)
{
	const char *word = config_setting_get_string(s);
	char words[256] = "";
	const struct conf_choice *c;

	for (c = key->choices; c->word; c++) {
		size_t used = strlen(words);

		if (strcmp(c->word, word) == 0) {
			conf_set(base, key, c->value);
			return 0;
		}
		snprintf(words + used, sizeof(words) - used, "%s\"%s\"", used ? ", " : "",
		         c->word);
	}
	return conf_fail(r->error, place_of(r, s), "%s = \"%s\" is unknown; write one of %s",
	                 key->name, word, words);
}

static int
read_text(const struct reader *r, const config_setting_t *s, const struct conf_key *key,
          void *base)
{
	const char *text = config_setting_get_string(s);

	if (strlen(text) >= key->size)
		return conf_fail(r->error, place_of(r, s),
		                 "%s is %zu bytes long; write at most %zu", key->name, strlen(text),
		                 key->size - 1);
	strcpy((char *)base + key->offset, text);
	return 0;
}

static int
read_key(const struct reader *r, const config_setting_t *s, const struct conf_key *key,
         void *base)
{
	int type = config_setting_type(s);

	switch (key->type) {
	case CONF_BOOL:
		if (type != CONFIG_TYPE_BOOL)
			return wrong_type(r, s, key);
		conf_set(base, key, config_setting_get_bool(s));
		return 0;
	case CONF_TEXT:
	case CONF_CHOICE:
		if (type != CONFIG_TYPE_STRING)
			return wrong_type(r, s, key);
		return key->type == CONF_TEXT ? read_text(r, s, key, base)
		                              : read_choice(r, s, key, base);
	case CONF_U16:
	case CONF_U32:
	case CONF_I64:
		break;
	}
	return read_number(r, s, key, base);
}

static int
unknown_key(const struct reader *r, const config_setting_t *s, const struct conf_group *group)
{
	char names[512] = "";

	for (unsigned i = 0; i < group->count; i++) {
		size_t used = strlen(names);

		snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "",
		         group->keys[i].name);
	}
	return conf_fail(r->error, place_of(r, s), "unknown key %s%s%s; write one of %s%s",
	                 config_setting_name(s), group->name[0] ? " in " : "", group->name, names,
	                 group->name[0] ? "" : ", id_file, servers, timing, links, supervisor");
}

static const struct conf_key *
find_key(const struct conf_group *group, const char *name)
{
	for (unsigned i = 0; i < group->count; i++)
		if (strcmp(group->keys[i].name, name) == 0)
			return &group->keys[i];
	return NULL;
}

static int
read_group(const struct reader *r, config_setting_t *s, const struct conf_group *group,
           void *base)
{
	int count, status = 0;

	if (config_setting_type(s) != CONFIG_TYPE_GROUP)
		return conf_fail(r->error, place_of(r, s),
		                 "%s is %s; write a group, as in %s = { %s = … };", group->name,
		                 type_word(config_setting_type(s)), group->name,
		                 group->keys[0].name);
	count = config_setting_length(s);
	for (int i = 0; i < count && status == 0; i++) {
		config_setting_t *member = config_setting_get_elem(s, (unsigned)i);
		const struct conf_key *key = find_key(group, config_setting_name(member));

		status = key ? read_key(r, member, key, base) : unknown_key(r, member, group);
	}
	return status;
}

static void
set_defaults(const struct conf_group *group, void *base)
{
	for (unsigned i = 0; i < group->count; i++)
		if (group->keys[i].type != CONF_TEXT)
			conf_set(base, &group->keys[i], group->keys[i].fallback);
}

static int
read_entry(struct reader *r, config_setting_t *s, unsigned at)
{
	static const char *const needed[] = {"id", "host", "quorum_port", "election_port"};
	struct conf_server *server = &r->conf->servers[at];
	struct conf_place place = place_of(r, s);
	int status;

	if (config_setting_type(s) != CONFIG_TYPE_GROUP)
		return conf_fail(r->error, place,
		                 "an entry of servers is %s; write { id = 1; host = \"10.0.0.1\"; "
		                 "quorum_port = 2888; election_port = 3888; }",
		                 type_word(config_setting_type(s)));
	r->places.entries[at] = place;
	set_defaults(&conf_entry, server);
	status = read_group(r, s, &conf_entry, server);
	for (size_t i = 0; i < 4 && status == 0; i++)
		if (!config_setting_get_member(s, needed[i]))
			status = conf_fail(r->error, place, "this server has no %s; write %s", needed[i],
			                   find_key(&conf_entry, needed[i])->example);
	server->has_group = config_setting_get_member(s, "group") != NULL;
	return status;
}

static int
read_servers(struct reader *r, config_setting_t *s)
{
	int count, status = 0;

	if (config_setting_type(s) != CONFIG_TYPE_LIST)
		return conf_fail(r->error, place_of(r, s),
		                 "servers is %s; write a list, as in servers = ( { id = 1; … }, … );",
		                 type_word(config_setting_type(s)));
	count = config_setting_length(s);
	if (count > CONF_SERVERS_MAX)
		return conf_fail(r->error, place_of(r, s), "%d servers; write at most %d", count,
		                 CONF_SERVERS_MAX);
	for (int i = 0; i < count && status == 0; i++)
		status = read_entry(r, config_setting_get_elem(s, (unsigned)i), (unsigned)i);
	r->conf->server_count = (unsigned)count;
	return status;
}

/* id_file: one number in a file of its own, as ZooKeeper's myid. */
static int
read_id_file(const struct reader *r, const config_setting_t *s)
{
	struct conf_place at = place_of(r, s);
	const char *path;
	char *text, *end;
	long long id;
	bool good;

	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return conf_fail(r->error, at, "id_file is %s; write id_file = \"/etc/conclave/id\";",
		                 type_word(config_setting_type(s)));
	path = config_setting_get_string(s);
	text = conf_read_text(path);
	if (!text)
		return conf_fail(r->error, at,
		                 "id_file \"%s\": %s; write the path of a file that holds this "
		                 "server's number",
		                 path, strerror(errno));
	errno = 0;
	id = strtoll(text, &end, 10);
	good = end != text && errno == 0 && id >= 0 && id <= CONF_ID_MAX &&
	       end[strspn(end, " \t\r\n")] == '\0';
	free(text);
	if (!good)
		return conf_fail(r->error, at,
		                 "id_file \"%s\" does not hold one number from 0 to %" PRId64
		                 "; write it there",
		                 path, CONF_ID_MAX);
	r->conf->id = id;
	return 0;
}

static int
read_top(struct reader *r, config_setting_t *s)
{
	const struct {
		const char *name;
		const struct conf_group *group; /* NULL: not one */
		struct conf_place *place;
	} all[] = {
	    {"id", NULL, &r->places.id},
	    {"id_file", NULL, &r->places.id_file},
	    {"run_dir", NULL, &r->places.run_dir},
	    {"data_dir", NULL, &r->places.data_dir},
	    {"program_dir", NULL, &r->places.program_dir},
	    {"servers", NULL, &r->places.servers},
	    {"timing", &conf_timing, &r->places.timing},
	    {"links", &conf_links, &r->places.links},
	    {"supervisor", &conf_supervisor, &r->places.supervisor},
	};
	const char *name = config_setting_name(s);
	const struct conf_key *key = find_key(&conf_top, name);

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(all[i].name, name) != 0)
			continue;
		*all[i].place = place_of(r, s);
		if (all[i].group)
			return read_group(r, s, all[i].group, r->conf);
	}
	if (strcmp(name, "servers") == 0)
		return read_servers(r, s);
	if (strcmp(name, "id_file") == 0)
		return read_id_file(r, s);
	return key ? read_key(r, s, key, r->conf) : unknown_key(r, s, &conf_top);
}

static int
read_tree(struct reader *r, config_t *tree)
{
	config_setting_t *root = config_root_setting(tree);
	int count = config_setting_length(root), status = 0;

	set_defaults(&conf_top, r->conf);
	set_defaults(&conf_timing, r->conf);
	set_defaults(&conf_links, r->conf);
	set_defaults(&conf_supervisor, r->conf);
	for (int i = 0; i < count && status == 0; i++)
		status = read_top(r, config_setting_get_elem(root, (unsigned)i));
	return status != 0 ? status : conf_check(r->conf, &r->places, r->error);
}

static int
parse(struct reader *r, const char *text, const char *dir)
{
	config_t tree;
	int status;

	config_init(&tree);
	config_set_include_dir(&tree, dir);
	if (config_read_string(&tree, text) == CONFIG_TRUE) {
		status = read_tree(r, &tree);
	} else {
		const char *file = config_error_file(&tree);
		struct conf_place at = {file ? file : r->file,
		                        (unsigned)config_error_line(&tree)};

		status = conf_fail(r->error, at, "%s; write key = value; with a semicolon, texts "
		                                 "in quotes, groups in { }, lists in ( )",
		                   config_error_text(&tree));
	}
	config_destroy(&tree);
	return status;
}

int
conf_load(const char *path, struct conf *out, struct conf_error *error)
{
	struct reader r = {.file = path, .error = error};
	char dir[PATH_MAX];
	char *text = conf_read_text(path);
	int status;

	if (!text) {
		status = -errno;
		snprintf(error->text, sizeof(error->text),
		         "%s: %s; name a configuration that can be read with -c FILE", path,
		         strerror(errno));
		return status;
	}
	r.conf = calloc(1, sizeof(*r.conf));
	if (!r.conf || strlen(path) >= sizeof(dir)) {
		free(r.conf);
		free(text);
		return -ENOMEM;
	}
	strcpy(dir, path);
	memmove(dir, dirname(dir), strlen(dirname(dir)) + 1);
	status = conf_scan(path, text, dir, error);
	if (status == 0)
		status = parse(&r, text, dir);
	if (status == 0) {
		*out = *r.conf;
		out->self = conf_server(out, out->id);
	}
	free(r.conf);
	free(text);
	return status;
}
/* What must hold between the keys of a configuration, and look-ups in it. */

#include "wire/qconfig.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct conf_server *
conf_server(const struct conf *c, int64_t id)
{
	for (unsigned i = 0; i < c->server_count; i++)
		if (c->servers[i].id == id)
			return &c->servers[i];
	return NULL;
}

bool
conf_is_voter(const struct conf *c, int64_t id)
{
	const struct conf_server *s = conf_server(c, id);

	return s && !s->observer;
}

static int
check_dir(struct conf_place at, const char *name, const char *path, const char *example,
          struct conf_error *error)
{
	if (path[0] == '/')
		return 0;
	return conf_fail(error, at, "%s = \"%s\" is no absolute path; write %s = \"%s\";", name, path,
	                 name, example);
}

static int
check_dirs(const struct conf *c, const struct conf_places *p, struct conf_error *error)
{
	int r;

	if (!p->run_dir.file)
		return conf_fail(error, p->servers,
		                 "there is no run_dir; write run_dir = \"/run/conclave\";");
	if (!p->data_dir.file)
		return conf_fail(error, p->servers,
		                 "there is no data_dir; write data_dir = \"/var/lib/conclave\";");
	r = check_dir(p->run_dir, "run_dir", c->run_dir, "/run/conclave", error);
	if (r == 0)
		r = check_dir(p->data_dir, "data_dir", c->data_dir, "/var/lib/conclave", error);
	if (r == 0 && c->program_dir[0])
		r = check_dir(p->program_dir, "program_dir", c->program_dir,
		              "/usr/libexec/conclave", error);
	return r;
}

static bool
is_ipv6(const char *host)
{
	struct in6_addr v6;
	size_t len = strlen(host);
	char bare[INET6_ADDRSTRLEN + 2];

	if (len >= sizeof(bare))
		return false;
	strcpy(bare, host);
	if (bare[0] == '[' && len > 2 && bare[len - 1] == ']') {
		bare[len - 1] = '\0';
		return inet_pton(AF_INET6, bare + 1, &v6) == 1;
	}
	return inet_pton(AF_INET6, bare, &v6) == 1;
}

static bool
is_host(const char *host)
{
	if (host[0] == '\0' || strlen(host) >= QCONFIG_HOST_MAX)
		return false;
	if (strpbrk(host, ":[]"))
		return is_ipv6(host);
	for (; *host; host++)
		if (!isalnum((unsigned char)*host) && !strchr(".-_", *host))
			return false;
	return true;
}

static int
check_host(const struct conf_server *s, struct conf_place at, struct conf_error *error)
{
	char host[CONF_HOST_MAX];
	const char *rest = s->host;
	unsigned count = 0;

	for (;;) {
		size_t len = strcspn(rest, "|");

		snprintf(host, sizeof(host), "%.*s", (int)len, rest);
		if (!is_host(host))
			return conf_fail(error, at,
			                 "host = \"%s\" holds no name or address where \"%s\" stands; "
			                 "write \"10.0.0.1\", \"a.example\", \"::1\", or several with "
			                 "| between",
			                 s->host, host);
		if (++count > QCONFIG_ADDRS_MAX)
			return conf_fail(error, at, "host names more than %d addresses; write fewer",
			                 QCONFIG_ADDRS_MAX);
		if (rest[len] == '\0')
			return 0;
		rest += len + 1;
	}
}

/* Do two lists a|b have a host in common? */
static bool
share_host(const char *a, const char *b)
{
	for (;;) {
		size_t len = strcspn(a, "|");

		for (const char *at = b;;) {
			size_t other = strcspn(at, "|");

			if (len == other && strncasecmp(a, at, len) == 0)
				return true;
			if (at[other] == '\0')
				break;
			at += other + 1;
		}
		if (a[len] == '\0')
			return false;
		a += len + 1;
	}
}

static int
check_pair(const struct conf_server *a, const struct conf_server *b, struct conf_place at,
           struct conf_error *error)
{
	unsigned port;

	if (a->id == b->id)
		return conf_fail(error, at,
		                 "two servers have id = %" PRId64 "; write another number for one",
		                 a->id);
	if (!share_host(a->host, b->host))
		return 0;
	if (a->quorum_port == b->quorum_port || a->quorum_port == b->election_port)
		port = a->quorum_port;
	else if (a->election_port == b->election_port || a->election_port == b->quorum_port)
		port = a->election_port;
	else
		return 0;
	return conf_fail(error, at,
	                 "servers %" PRId64 " and %" PRId64
	                 " both have port %u of the same host; write another port for one",
	                 a->id, b->id, port);
}

static int
check_servers(const struct conf *c, const struct conf_places *p, struct conf_error *error)
{
	int r;

	for (unsigned i = 0; i < c->server_count; i++) {
		const struct conf_server *s = &c->servers[i];

		r = check_host(s, p->entries[i], error);
		if (r != 0)
			return r;
		if (s->quorum_port == s->election_port)
			return conf_fail(error, p->entries[i],
			                 "quorum_port and election_port are both %u; write two "
			                 "different ports",
			                 s->quorum_port);
		for (unsigned j = 0; j < i; j++) {
			r = check_pair(&c->servers[j], s, p->entries[i], error);
			if (r != 0)
				return r;
		}
	}
	return 0;
}

static int
check_voters(const struct conf *c, const struct conf_places *p, struct conf_error *error)
{
	unsigned voters = 0;

	for (unsigned i = 0; i < c->server_count; i++)
		voters += !c->servers[i].observer;
	if (voters == 0)
		return conf_fail(error, p->servers,
		                 "no server is a participant; write role = \"participant\" for at "
		                 "least one");
	if (voters == 1 && c->server_count > 1)
		return conf_fail(error, p->servers,
		                 "one participant and observers: ZooKeeper's protocol has no such "
		                 "ensemble; write at least two participants");
	return 0;
}

/* Groups and weights: all participants in a group, or none; one group with weight. */
static int
check_groups(struct conf *c, const struct conf_places *p, struct conf_error *error)
{
	bool weight = false;

	for (unsigned i = 0; i < c->server_count; i++)
		c->hierarchical |= c->servers[i].has_group;
	for (unsigned i = 0; i < c->server_count; i++) {
		const struct conf_server *s = &c->servers[i];

		if (c->hierarchical && !s->observer && !s->has_group)
			return conf_fail(error, p->entries[i],
			                 "server %" PRId64 " is in no group, others are; write group = 1;",
			                 s->id);
		if (c->hierarchical && s->observer && s->has_group)
			return conf_fail(error, p->entries[i],
			                 "server %" PRId64
			                 " is an observer and has a group; leave group out",
			                 s->id);
		if (!c->hierarchical && s->weight != 1)
			return conf_fail(error, p->entries[i],
			                 "weight counts within groups only; write group = 1; for every "
			                 "participant, or leave weight out");
		weight |= !s->observer && s->weight > 0;
	}
	if (!weight)
		return conf_fail(error, p->servers,
		                 "every participant has weight 0, so there is no quorum; write a "
		                 "weight above 0");
	return 0;
}

static int
check_order(uint32_t low, uint32_t high, const char *low_name, const char *high_name,
            struct conf_place at, struct conf_error *error)
{
	if (low <= high)
		return 0;
	return conf_fail(error, at, "%s = %u is above %s = %u; write %s = %u; or more", low_name, low,
	                 high_name, high, high_name, low);
}

static int
check_times(const struct conf *c, const struct conf_places *p, struct conf_error *error)
{
	struct conf_place timing = p->timing.file ? p->timing : p->servers;
	struct conf_place links = p->links.file ? p->links : p->servers;
	struct conf_place supervisor = p->supervisor.file ? p->supervisor : p->servers;
	int r = check_order(c->timing.notify_min_ms, c->timing.notify_max_ms, "notify_min_ms",
	                    "notify_max_ms", timing, error);

	if (r == 0)
		r = check_order(c->links.retry_min_ms, c->links.retry_max_ms, "retry_min_ms",
		                "retry_max_ms", links, error);
	if (r == 0)
		r = check_order(c->supervisor.restart_min_ms, c->supervisor.restart_max_ms,
		                "restart_min_ms", "restart_max_ms", supervisor, error);
	return r;
}

/* The last word: what we would send must be a configuration to ZooKeeper's rules. */
static int
check_text(const struct conf *c, const struct conf_places *p, struct conf_error *error)
{
	static char text[QCONFIG_TEXT_MAX];
	static struct qconfig parsed;
	size_t len = conf_qconfig(c, text, sizeof(text));
	enum qconfig_result r = QCONFIG_TOO_MANY;

	if (len > 0)
		r = qconfig_parse(text, len, true, &parsed);
	if (r == QCONFIG_OK)
		return 0;
	return conf_fail(error, p->servers,
	                 "these servers make no configuration of ZooKeeper's: %s; write fewer or "
	                 "shorter ones",
	                 qconfig_result_name(r));
}

int
conf_check(struct conf *c, const struct conf_places *p, struct conf_error *error)
{
	struct conf_places places = *p;
	int r;

	if (!places.servers.file) {
		places.servers = places.run_dir.file ? places.run_dir : places.id;
		if (!places.servers.file)
			places.servers = (struct conf_place){"configuration", 1};
		return conf_fail(error, places.servers,
		                 "there is no list of servers; write servers = ( { id = 1; host = "
		                 "\"10.0.0.1\"; quorum_port = 2888; election_port = 3888; } );");
	}
	if (p->id.file && p->id_file.file)
		return conf_fail(error, p->id_file, "id and id_file are both given; write one of them");
	if (!p->id.file && !p->id_file.file)
		return conf_fail(error, p->servers, "there is no id; write id = 1; or id_file");
	r = check_dirs(c, p, error);
	if (r == 0)
		r = check_servers(c, p, error);
	if (r == 0 && !conf_server(c, c->id))
		r = conf_fail(error, p->id.file ? p->id : p->id_file,
		              "id = %" PRId64 " is not in servers; write the id of one of them",
		              c->id);
	if (r == 0)
		r = check_voters(c, p, error);
	if (r == 0)
		r = check_groups(c, p, error);
	if (r == 0)
		r = check_times(c, p, error);
	return r == 0 ? check_text(c, p, error) : r;
}
/* A configuration in canonical form, as ZooKeeper's text, and what differs between two. */

#include "base/buf.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
put_text(struct buf_out *b, const char *text)
{
	buf_put_u8(b, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_put_u8(b, '\\');
		if ((unsigned char)*text < ' ')
			buf_put_text(b, "\\x%02x", (unsigned char)*text);
		else
			buf_put_u8(b, (uint8_t)*text);
	}
	buf_put_u8(b, '"');
}

static void
put_number(struct buf_out *b, int64_t value)
{
	buf_put_text(b, "%" PRId64 "%s", value,
	             value > INT_MAX || value < INT_MIN ? "L" : "");
}

static void
put_value(struct buf_out *b, const struct conf_key *key, const void *base)
{
	int64_t value;

	if (key->type == CONF_TEXT) {
		put_text(b, (const char *)base + key->offset);
		return;
	}
	value = conf_get(base, key);
	if (key->type == CONF_BOOL) {
		buf_put_text(b, "%s", value ? "true" : "false");
	} else if (key->type == CONF_CHOICE) {
		const struct conf_choice *c = key->choices;

		while (c->word && c->value != value)
			c++;
		buf_put_text(b, "\"%s\"", c->word ? c->word : "?");
	} else {
		put_number(b, value);
	}
}

static void
put_group(struct buf_out *b, const struct conf_group *group, const struct conf *c)
{
	buf_put_text(b, "%s = {\n", group->name);
	for (unsigned i = 0; i < group->count; i++) {
		buf_put_text(b, "\t%s = ", group->keys[i].name);
		put_value(b, &group->keys[i], c);
		buf_put_text(b, ";\n");
	}
	buf_put_text(b, "};\n");
}

static void
put_server(struct buf_out *b, const struct conf_server *s)
{
	buf_put_text(b, "\t{");
	for (unsigned i = 0; i < conf_entry.count; i++) {
		const struct conf_key *key = &conf_entry.keys[i];

		if (strcmp(key->name, "group") == 0 && !s->has_group)
			continue;
		buf_put_text(b, " %s = ", key->name);
		put_value(b, key, s);
		buf_put_text(b, ";");
	}
	buf_put_text(b, " }");
}

size_t
conf_print(const struct conf *c, char *out, size_t cap)
{
	struct buf_out b;

	buf_out_init(&b, out, cap);
	for (unsigned i = 0; i < conf_top.count; i++) {
		const struct conf_key *key = &conf_top.keys[i];

		if (strcmp(key->name, "program_dir") == 0 && !c->program_dir[0])
			continue;
		buf_put_text(&b, "%s = ", key->name);
		put_value(&b, key, c);
		buf_put_text(&b, ";\n");
	}
	buf_put_text(&b, "servers = (\n");
	for (unsigned i = 0; i < c->server_count; i++) {
		put_server(&b, &c->servers[i]);
		buf_put_text(&b, i + 1 < c->server_count ? ",\n" : "\n");
	}
	buf_put_text(&b, ");\n");
	put_group(&b, &conf_timing, c);
	put_group(&b, &conf_links, c);
	put_group(&b, &conf_supervisor, c);
	buf_put_u8(&b, 0);
	return b.bad ? 0 : b.len - 1;
}

/* server.N=host:quorum:election|…:role */
static void
put_qserver(struct buf_out *b, const struct conf_server *s)
{
	const char *rest = s->host;

	buf_put_text(b, "server.%" PRId64 "=", s->id);
	for (;;) {
		size_t len = strcspn(rest, "|");
		bool bare = memchr(rest, ':', len) && rest[0] != '[';

		buf_put_text(b, bare ? "[%.*s]:%u:%u" : "%.*s:%u:%u", (int)len, rest,
		             s->quorum_port, s->election_port);
		buf_put_text(b, ":%s", s->observer ? "observer" : "participant");
		if (rest[len] == '\0')
			break;
		buf_put_u8(b, '|');
		rest += len + 1;
	}
	buf_put_u8(b, '\n');
}

static void
put_qgroups(struct buf_out *b, const struct conf *c)
{
	for (unsigned i = 0; i < c->server_count; i++) {
		const struct conf_server *s = &c->servers[i];
		bool known = !s->has_group;

		for (unsigned j = 0; j < i; j++)
			known |= c->servers[j].has_group && c->servers[j].group == s->group;
		if (known)
			continue;
		buf_put_text(b, "group.%" PRId64 "=%" PRId64, s->group, s->id);
		for (unsigned j = i + 1; j < c->server_count; j++)
			if (c->servers[j].has_group && c->servers[j].group == s->group)
				buf_put_text(b, ":%" PRId64, c->servers[j].id);
		buf_put_u8(b, '\n');
	}
	for (unsigned i = 0; i < c->server_count; i++)
		if (!c->servers[i].observer)
			buf_put_text(b, "weight.%" PRId64 "=%" PRId64 "\n", c->servers[i].id,
			             c->servers[i].weight);
}
char *conf_read_text(const char *path){FILE *f=fopen(path,"re");if(!f)return NULL;char *t=calloc(1,1<<20);size_t n=fread(t,1,(1<<20)-1,f);t[n]=0;fclose(f);return t;}
int conf_scan(const char *file, const char *text, const char *dir, struct conf_error *error){(void)file;(void)text;(void)dir;(void)error;return 0;}
size_t conf_qconfig(const struct conf *c, char *out, size_t cap){struct buf_out b;buf_out_init(&b,out,cap);for(unsigned i=0;i<c->server_count;i++)put_qserver(&b,&c->servers[i]);if(c->hierarchical)put_qgroups(&b,c);buf_put_text(&b,"version=0");buf_put_u8(&b,0);return b.bad?0:b.len-1;}
const char *conf_difference(const struct conf *a,const struct conf *b){(void)a;(void)b;return "";}
