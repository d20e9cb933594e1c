/* What must hold between the keys; see conf_draft.h. */
#include "config/conf_draft.h"
#include "config/conf_host.h"
#include "config/conf_read.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ID_FILE_MAX 64 /* bytes; more cannot be one number */

/* One decimal number with nothing but blanks around it. */
static bool
parse_id(const char *text, size_t len, int64_t *out)
{
	static const char blanks[] = " \t\r\n";
	size_t at = strspn(text, blanks), digits = strspn(text + at, "0123456789");
	int64_t id;

	errno = 0;
	id = strtoll(text + at, NULL, 10);
	at += digits;
	at += strspn(text + at, blanks);
	if (digits == 0 || at != len || errno != 0 || id > CONF_ID_MAX)
		return false;
	*out = id;
	return true;
}

static int
read_id_file(struct conf_draft *d, struct conf_error *error)
{
	char *text;
	size_t len;
	bool good = false;
	int r = conf_slurp(d->conf.id_file, ID_FILE_MAX, &text, &len);

	if (r < 0 && r != -EFBIG)
		return conf_fail(error, d->id_file,
		                 "id_file %s cannot be read: %s; write the id of this "
		                 "server into it, or give id",
		                 d->conf.id_file, strerror(-r));
	if (r == 0) {
		good = parse_id(text, len, &d->conf.id);
		free(text);
	}
	if (good)
		return 0;
	return conf_fail(error, d->id_file,
	                 "id_file %s does not hold one number from 0 to %" PRId64
	                 "; write the id of this server into it, and nothing else",
	                 d->conf.id_file, CONF_ID_MAX);
}

static int
check_id(struct conf_draft *d, struct conf_error *error)
{
	const struct conf_place *later =
	    d->id.line > d->id_file.line ? &d->id : &d->id_file;

	if (d->id.line && d->id_file.line)
		return conf_fail(error, *later,
		                 "id and id_file are both given; write one of them");
	if (!d->id.line && !d->id_file.line)
		return conf_fail(
		    error, d->start,
		    "id is missing; write the id of this server, as in id = 1; "
		    "or id_file = \"/etc/conclave/id\";");
	return d->id_file.line ? read_id_file(d, error) : 0;
}

static int
check_given(const struct conf_draft *d, struct conf_error *error)
{
	if (!d->run_dir.line)
		return conf_fail(error, d->start,
		                 "run_dir is missing; write it, as in run_dir = "
		                 "\"/run/conclave\";");
	if (!d->data_dir.line)
		return conf_fail(error, d->start,
		                 "data_dir is missing; write it, as in data_dir = "
		                 "\"/var/lib/conclave\";");
	if (strcmp(d->conf.run_dir, d->conf.data_dir) == 0)
		return conf_fail(error, d->data_dir,
		                 "data_dir and run_dir are the same folder; write two: "
		                 "data_dir must outlive a reboot, run_dir must not");
	if (!d->servers.line)
		return conf_fail(
		    error, d->start,
		    "servers is missing; write a list, as in servers = ( { id "
		    "= 1; host = \"10.0.0.1\"; quorum_port = 2888; "
		    "election_port = 3888; } );");
	return 0;
}

/* Where both have a host, no port may be used twice. */
static int
check_ports(const struct conf_draft *d, unsigned i, unsigned j, struct conf_error *error)
{
	const struct conf_server *a = &d->conf.servers[j], *b = &d->conf.servers[i];
	const struct conf_draft_server *places = &d->entries[i];
	bool quorum =
	    b->quorum_port == a->quorum_port || b->quorum_port == a->election_port;
	bool election =
	    b->election_port == a->quorum_port || b->election_port == a->election_port;

	if ((!quorum && !election) || !conf_host_shared(a->host, b->host))
		return 0;
	return conf_fail(error, quorum ? places->quorum_port : places->election_port,
	                 "server %" PRId64 " has port %u of host %.200s already; write "
	                 "another %s for server %" PRId64,
	                 a->id, quorum ? b->quorum_port : b->election_port, b->host,
	                 quorum ? "quorum_port" : "election_port", b->id);
}

static int
check_server(const struct conf_draft *d, unsigned i, struct conf_error *error)
{
	const struct conf_server *s = &d->conf.servers[i];
	int r = 0;

	if (s->quorum_port == s->election_port)
		return conf_fail(error, d->entries[i].election_port,
		                 "election_port and quorum_port of server %" PRId64
		                 " are both %u; write two ports",
		                 s->id, s->election_port);
	if (s->id != d->conf.id && conf_host_is_wildcard(s->host))
		return conf_fail(error, d->entries[i].host,
		                 "host = \"%.200s\" of server %" PRId64 " says where to "
		                 "listen, and not where to connect; write its address",
		                 s->host, s->id);
	for (unsigned j = 0; j < i && r == 0; j++) {
		if (d->conf.servers[j].id == s->id)
			return conf_fail(error, d->entries[i].id,
			                 "id = %" PRId64 " is that of an earlier server "
			                 "too; write another",
			                 s->id);
		r = check_ports(d, i, j, error);
	}
	return r;
}

static int
check_member(const struct conf_draft *d, struct conf_error *error)
{
	struct conf_place at = d->id.line ? d->id : d->id_file;

	if (conf_server(&d->conf, d->conf.id))
		return 0;
	return conf_fail(error, at,
	                 "id %" PRId64
	                 " is not in servers; write the id of one of them, or "
	                 "add this server to the list",
	                 d->conf.id);
}

/* Nothing behind our quorum port could lead real ZooKeepers. */
static int
check_attach(const struct conf_draft *d, struct conf_error *error)
{
	const struct conf_server *self = conf_server(&d->conf, d->conf.id);

	if (!d->conf.attach || self->observer)
		return 0;
	return conf_fail(error, d->entries[self - d->conf.servers].whole,
	                 "attach = \"zookeeper\" and server %" PRId64
	                 ", this one, is a participant, but it could not lead real "
	                 "ZooKeepers and must not vote among them; write role = "
	                 "\"observer\"; in its entry, or leave attach out",
	                 self->id);
}

/* ZooKeeper takes no text with observers and one participant. */
static int
check_voters(const struct conf_draft *d, struct conf_error *error)
{
	unsigned voters = 0;

	for (unsigned i = 0; i < d->conf.server_count; i++)
		voters += !d->conf.servers[i].observer;
	if (voters == 0)
		return conf_fail(error, d->servers,
		                 "servers has no participant; write at least one without "
		                 "role = \"observer\";");
	if (voters == 1 && d->conf.server_count > 1)
		return conf_fail(
		    error, d->servers,
		    "servers has observers and only one participant, which "
		    "ZooKeeper refuses; write at least two participants, or no "
		    "observer");
	return 0;
}

static unsigned
number_at(const char *path)
{
	unsigned i = 0;

	while (i < CONF_NUMBERS && strcmp(conf_numbers[i].path, path) != 0)
		i++;
	assert(i < CONF_NUMBERS);
	return i;
}

/* The smaller of two is not above the larger. */
static int
check_range(const struct conf_draft *d, const char *min_path, const char *max_path,
            struct conf_error *error)
{
	unsigned low = number_at(min_path), high = number_at(max_path);
	const struct conf_number *min = &conf_numbers[low], *max = &conf_numbers[high];
	uint32_t min_ms = conf_number_get(min, &d->conf);
	uint32_t max_ms = conf_number_get(max, &d->conf);
	const struct conf_place *a = &d->numbers[low], *b = &d->numbers[high];

	if (min_ms <= max_ms)
		return 0;
	return conf_fail(error, a->line ? *a : *b,
	                 "%s = %u%s is above %s = %u%s; write a %s of at most that, or a "
	                 "larger %s",
	                 conf_number_name(min), min_ms, a->line ? "" : " (the default)",
	                 conf_number_name(max), max_ms, b->line ? "" : " (the default)",
	                 conf_number_name(min), conf_number_name(max));
}

int
conf_check(struct conf_draft *d, struct conf_error *error)
{
	int r = check_id(d, error);

	if (r == 0)
		r = check_given(d, error);
	for (unsigned i = 0; i < d->conf.server_count && r == 0; i++)
		r = check_server(d, i, error);
	if (r == 0)
		r = check_voters(d, error);
	if (r == 0)
		r = check_member(d, error);
	if (r == 0)
		r = check_attach(d, error);
	if (r == 0)
		r = conf_check_groups(d, error);
	if (r == 0)
		r = check_range(d, "timing.notify_min_ms", "timing.notify_max_ms", error);
	if (r == 0)
		r = check_range(d, "links.retry_min_ms", "links.retry_max_ms", error);
	if (r == 0)
		r = check_range(d, "supervisor.restart_min_ms",
		                "supervisor.restart_max_ms", error);
	d->conf.zab &= !d->conf.attach;
	d->conf.early_finalize &= d->conf.zab;
	return r;
}
