/* Single values into the draft; see conf_field.h. */
#include "config/conf_field.h"

#include "base/log.h"

#include <string.h>

#define WEIGHT_MAX 1000000 /* so that no sum of them wraps */

void
conf_field_defaults(struct conf *c)
{
	for (unsigned i = 0; i < CONF_NUMBERS; i++)
		conf_number_set(&conf_numbers[i], c, conf_numbers[i].standard);
	c->ipc = CONF_IPC_NNG;
	c->zab = true;
	c->early_finalize = true;
	c->rights = true;
	c->log_level = LOG_LEVEL_INFO;
}

static int
unknown_key(const char *group, const struct conf_value *v, struct conf_error *error)
{
	char instead[CONF_SUGGESTION_MAX];

	conf_suggest(group, v->name, instead);
	return conf_fail(error, v->at, "unknown key %.100s%s%s; %s", v->name,
	                 group[0] ? " in " : "", group, instead);
}

static int
take_id(struct conf_draft *d, const struct conf_value *v, struct conf_error *error)
{
	d->id = v->at;
	return conf_take_integer(v, 0, CONF_ID_MAX, "", &d->conf.id, error);
}

static int
take_id_file(struct conf_draft *d, const struct conf_value *v, struct conf_error *error)
{
	d->id_file = v->at;
	return conf_take_path(v, "/etc/conclave/id", false, d->conf.id_file,
	                      CONF_PATH_MAX, error);
}

static int
take_run_dir(struct conf_draft *d, const struct conf_value *v, struct conf_error *error)
{
	d->run_dir = v->at;
	return conf_take_path(v, "/run/conclave", false, d->conf.run_dir,
	                      CONF_RUN_DIR_MAX, error);
}

static int
take_data_dir(struct conf_draft *d, const struct conf_value *v, struct conf_error *error)
{
	d->data_dir = v->at;
	return conf_take_path(v, "/var/lib/conclave", false, d->conf.data_dir,
	                      CONF_PATH_MAX, error);
}

static int
take_program_dir(struct conf_draft *d, const struct conf_value *v,
                 struct conf_error *error)
{
	return conf_take_path(v, "/usr/libexec/conclave", true, d->conf.program_dir,
	                      CONF_PATH_MAX, error);
}

static int
take_ipc(struct conf_draft *d, const struct conf_value *v, struct conf_error *error)
{
	int ipc, r = conf_take_word(v, conf_ipc_words, &ipc, error);

	if (r == 0)
		d->conf.ipc = (enum conf_ipc)ipc;
	return r;
}

static int
take_attach(struct conf_draft *d, const struct conf_value *v, struct conf_error *error)
{
	int attach, r = conf_take_word(v, conf_attach_words, &attach, error);

	if (r == 0)
		d->conf.attach = attach != 0;
	return r;
}

static int
take_zab(struct conf_draft *d, const struct conf_value *v, struct conf_error *error)
{
	return conf_take_truth(v, &d->conf.zab, error);
}

static int
take_early_finalize(struct conf_draft *d, const struct conf_value *v,
                    struct conf_error *error)
{
	return conf_take_truth(v, &d->conf.early_finalize, error);
}

static int
take_rights(struct conf_draft *d, const struct conf_value *v, struct conf_error *error)
{
	int rights, r = conf_take_word(v, conf_rights_words, &rights, error);

	if (r == 0)
		d->conf.rights = rights != 0;
	return r;
}

static int
take_log_level(struct conf_draft *d, const struct conf_value *v, struct conf_error *error)
{
	return conf_take_word(v, conf_level_words, &d->conf.log_level, error);
}

int
conf_field_top(struct conf_draft *d, const struct conf_value *v, struct conf_error *error)
{
	static const struct {
		const char *name;
		int (*take)(struct conf_draft *d, const struct conf_value *v,
		            struct conf_error *error);
	} fields[] = {
	    {"id", take_id},
	    {"id_file", take_id_file},
	    {"run_dir", take_run_dir},
	    {"data_dir", take_data_dir},
	    {"program_dir", take_program_dir},
	    {"ipc", take_ipc},
	    {"attach", take_attach},
	    {"zab", take_zab},
	    {"early_finalize", take_early_finalize},
	    {"rights", take_rights},
	    {"log_level", take_log_level},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strcmp(fields[i].name, v->name) == 0)
			return fields[i].take(d, v, error);
	return unknown_key("", v, error);
}

int
conf_field_number(struct conf_draft *d, const char *group, const struct conf_value *v,
                  struct conf_error *error)
{
	for (unsigned i = 0; i < CONF_NUMBERS; i++) {
		const struct conf_number *n = &conf_numbers[i];
		int64_t value;
		int r;

		if (!conf_number_is_in(n, group) ||
		    strcmp(conf_number_name(n), v->name) != 0)
			continue;
		d->numbers[i] = v->at;
		r = conf_take_integer(v, n->min, n->max, n->unit, &value, error);
		if (r == 0)
			conf_number_set(n, &d->conf, (uint32_t)value);
		return r;
	}
	return unknown_key(group, v, error);
}

static int
take_port(const struct conf_value *v, uint16_t *out, struct conf_error *error)
{
	int64_t port;
	int r = conf_take_integer(v, 1, UINT16_MAX, "", &port, error);

	if (r == 0)
		*out = (uint16_t)port;
	return r;
}

static int
take_role(const struct conf_value *v, bool *out, struct conf_error *error)
{
	int observer, r = conf_take_word(v, conf_role_words, &observer, error);

	if (r == 0)
		*out = observer != 0;
	return r;
}

int
conf_field_server(struct conf_draft *d, unsigned server, const struct conf_value *v,
                  struct conf_error *error)
{
	struct conf_draft_server *places = &d->entries[server];
	struct conf_server *s = &d->conf.servers[server];

	if (strcmp(v->name, "id") == 0) {
		places->id = v->at;
		return conf_take_integer(v, 0, CONF_ID_MAX, "", &s->id, error);
	}
	if (strcmp(v->name, "host") == 0) {
		places->host = v->at;
		return conf_take_hosts(v, s->host, sizeof(s->host), error);
	}
	if (strcmp(v->name, "quorum_port") == 0) {
		places->quorum_port = v->at;
		return take_port(v, &s->quorum_port, error);
	}
	if (strcmp(v->name, "election_port") == 0) {
		places->election_port = v->at;
		return take_port(v, &s->election_port, error);
	}
	if (strcmp(v->name, "role") == 0)
		return take_role(v, &s->observer, error);
	if (strcmp(v->name, "weight") == 0) {
		places->weight = v->at;
		return conf_take_integer(v, 0, WEIGHT_MAX, "", &s->weight, error);
	}
	if (strcmp(v->name, "group") == 0) {
		places->group = v->at;
		s->has_group = true;
		return conf_take_integer(v, 0, CONF_ID_MAX, "", &s->group, error);
	}
	return unknown_key("servers", v, error);
}

int
conf_field_server_end(const struct conf_draft *d, unsigned server,
                      struct conf_error *error)
{
	const struct conf_draft_server *places = &d->entries[server];
	const struct {
		const char *name, *example;
		struct conf_place at;
	} needed[] = {
	    {"id", "1", places->id},
	    {"host", "\"10.0.0.1\"", places->host},
	    {"quorum_port", "2888", places->quorum_port},
	    {"election_port", "3888", places->election_port},
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (needed[i].at.line == 0)
			return conf_fail(
			    error, places->whole,
			    "%s is missing in this entry of servers; write it, "
			    "as in %s = %s;",
			    needed[i].name, needed[i].name, needed[i].example);
	return 0;
}
