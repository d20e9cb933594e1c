/* Makes our configuration of ZooKeeper's keys; see zoo.h. */
#include "config/conf_key.h"
#include "config/zoo.h"

#include <inttypes.h>
#include <string.h>

#define ZOO_TICK_MS 3000 /* ZooKeeperServer.DEFAULT_TICK_TIME */

static struct conf_server *
find(struct zoo *z, int64_t sid)
{
	for (unsigned i = 0; i < z->server_count; i++)
		if (z->servers[i].id == sid)
			return &z->servers[i];
	return NULL;
}

/* Gives the servers their groups and weights. In ZooKeeper an observer may have both, and
 * they have no effect. */
static int
share_out(struct zoo *z, struct conf_error *error)
{
	for (unsigned i = 0; i < z->share_count; i++) {
		const struct zoo_share *share = &z->shares[i];
		struct conf_server *s = find(z, share->sid);

		if (s && s->observer) {
			zoo_note(z, share->at, "an observer counts in no quorum",
			         share->is_weight ? "weight.%" PRId64 : "group.%" PRId64,
			         share->is_weight ? share->sid : share->value);
		} else if (share->is_weight) {
			if (s)
				s->weight = share->value;
			else
				zoo_note(z, share->at, "there is no such server",
				         "weight.%" PRId64, share->sid);
		} else if (!s) {
			return conf_fail(error, share->at,
			                 "group.%" PRId64 " names server %" PRId64
			                 ", for which there is no server line",
			                 share->value, share->sid);
		} else if (s->has_group) {
			return conf_fail(error, share->at,
			                 "server %" PRId64 " is in two groups, %" PRId64
			                 " and %" PRId64,
			                 share->sid, s->group, share->value);
		} else {
			s->has_group = true;
			s->group = share->value;
		}
	}
	return 0;
}

/* Where there are groups or weights, each participant has a group: ZooKeeper demands it,
 * and so does Conclave. */
static int
check_groups(const struct zoo *z, struct conf_error *error)
{
	for (unsigned i = 0; i < z->server_count && z->share_count > 0; i++) {
		const struct conf_server *s = &z->servers[i];

		if (!s->observer && !s->has_group)
			return conf_fail(error, z->server_at[i],
			                 "server %" PRId64
			                 " is in no group, and there are groups or "
			                 "weights; name it in one",
			                 s->id);
	}
	return 0;
}

static int
set_timing(const struct zoo *z, const char *file, struct conf *c,
           struct conf_error *error)
{
	const struct {
		const char *path, *key;
		const struct zoo_number *n;
	} timing[] = {
	    {"timing.tick_ms", "tickTime", &z->tick},
	    {"timing.init_limit", "initLimit", &z->init},
	    {"timing.sync_limit", "syncLimit", &z->sync},
	};

	if (!z->init.at.file || !z->sync.at.file)
		return conf_fail(error, (struct conf_place){file, 0},
		                 "%s is not set; ZooKeeper demands it too",
		                 z->init.at.file ? "syncLimit" : "initLimit");
	conf_key_set(conf_key_find("", "timing.tick_ms"), c, ZOO_TICK_MS);
	for (size_t i = 0; i < sizeof(timing) / sizeof(timing[0]); i++) {
		const struct conf_key *k = conf_key_find("", timing[i].path);
		int64_t value = timing[i].n->value;

		if (!timing[i].n->at.file)
			continue;
		if (value < k->min || value > k->max)
			return conf_fail(error, timing[i].n->at,
			                 "%s = %" PRId64 ": Conclave takes %" PRId64
			                 " to %" PRId64,
			                 timing[i].key, value, k->min, k->max);
		conf_key_set(k, c, value);
	}
	return 0;
}

/* Servers, groups and weights stand in one file: the dynamic one, if there is one. */
static int
check_places(const struct zoo *z, struct conf_error *error)
{
	for (unsigned i = 0; i < z->server_count + z->share_count; i++) {
		struct conf_place at = i < z->server_count
		                           ? z->server_at[i]
		                           : z->shares[i - z->server_count].at;

		if (z->dynamic_file[0] && strcmp(at.file, z->dynamic_file) != 0)
			return conf_fail(
			    error, at,
			    "this must be in %s, which dynamicConfigFile names",
			    z->dynamic_file);
	}
	return 0;
}

int
zoo_make(struct zoo *z, const char *file, int64_t id, struct conf *out,
         struct conf_error *error)
{
	struct conf_place nowhere = {z->dynamic_file[0] ? z->dynamic_file : file, 0};

	if (check_places(z, error))
		return 1;
	if (z->server_count == 0)
		return conf_fail(error, nowhere,
		                 "there is no server line: an ensemble of nobody");
	if (!find(z, id))
		return conf_fail(error, nowhere,
		                 "there is no server.%" PRId64 "; name another id", id);
	if (share_out(z, error) || check_groups(z, error))
		return 1;
	memset(out, 0, sizeof(*out));
	conf_defaults(out);
	if (set_timing(z, file, out, error))
		return 1;
	out->id = id;
	strcpy(out->run_dir, "/run/conclave");
	strcpy(out->data_dir, "/var/lib/conclave");
	out->server_count = z->server_count;
	memcpy(out->servers, z->servers, sizeof(out->servers));
	return 0;
}
