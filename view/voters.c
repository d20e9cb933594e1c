/* See voters.h. */
#include "view/voters.h"

#include "wire/quorum.h"

json_t *
voters_list(const struct conf *conf)
{
	json_t *voters = json_array();

	for (unsigned i = 0; i < conf->server_count; i++) {
		if (!conf->servers[i].observer)
			json_array_append_new(voters, json_integer(conf->servers[i].id));
	}
	return voters;
}

/* Static, since it is large; NULL: the configuration counts no quorum. */
static const struct quorum *
quorum_of(const struct conf *conf)
{
	static struct qconfig config;
	static struct quorum quorum;
	static char text[QCONFIG_TEXT_MAX];

	if (conf_qconfig(conf, text, sizeof(text), &config) == 0 ||
	    quorum_init(&quorum, &config) < 0)
		return NULL;
	return &quorum;
}

unsigned
voters_needed(const struct conf *conf)
{
	const struct quorum *q = quorum_of(conf);

	return q ? quorum_smallest(q) : 0;
}

bool
voters_suffice(const struct conf *conf, const int64_t *sids, unsigned count)
{
	const struct quorum *q = quorum_of(conf);

	return q && quorum_has(q, sids, count);
}
