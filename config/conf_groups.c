/* Groups and weights: ZooKeeper has weights only where there are groups, and a quorum is
 * then more than half of the weight in more than half of the groups (QuorumHierarchical).
 */
#include "config/conf_draft.h"

#include <inttypes.h>

/* A server's share in a quorum, where nobody has a group. */
static int
check_flat(const struct conf_draft *d, unsigned i, struct conf_error *error)
{
	const struct conf_server *s = &d->conf.servers[i];

	if (s->weight == 1)
		return 0;
	return conf_fail(error, d->entries[i].weight,
	                 "weight = %" PRId64 " of server %" PRId64
	                 " without groups means "
	                 "nothing to ZooKeeper; put all participants into one group with "
	                 "group = 1; or leave weight out",
	                 s->weight, s->id);
}

static int
check_grouped(const struct conf_draft *d, unsigned i, struct conf_error *error)
{
	const struct conf_server *s = &d->conf.servers[i];
	int64_t weight = 0;

	if (!s->has_group)
		return conf_fail(error, d->entries[i].whole,
		                 "server %" PRId64
		                 " has no group, and others have; write a "
		                 "group for each participant or for none",
		                 s->id);
	for (unsigned j = 0; j < d->conf.server_count; j++)
		if (d->conf.servers[j].has_group && d->conf.servers[j].group == s->group)
			weight += d->conf.servers[j].weight;
	if (weight > 0)
		return 0;
	return conf_fail(error, d->entries[i].group,
	                 "all of group %" PRId64
	                 " have weight 0, so that it can never be "
	                 "won; write a weight above 0 for one of them",
	                 s->group);
}

static int
check_observer(const struct conf_draft *d, unsigned i, struct conf_error *error)
{
	const struct conf_server *s = &d->conf.servers[i];

	if (s->has_group)
		return conf_fail(error, d->entries[i].group,
		                 "server %" PRId64 " is an observer, which counts in no "
		                 "quorum; leave its group out",
		                 s->id);
	if (s->weight != 1)
		return conf_fail(error, d->entries[i].weight,
		                 "server %" PRId64 " is an observer, which counts in no "
		                 "quorum; leave its weight out",
		                 s->id);
	return 0;
}

int
conf_check_groups(struct conf_draft *d, struct conf_error *error)
{
	int r = 0;

	for (unsigned i = 0; i < d->conf.server_count; i++)
		d->conf.hierarchical |= d->conf.servers[i].has_group;
	for (unsigned i = 0; i < d->conf.server_count && r == 0; i++) {
		if (d->conf.servers[i].observer)
			r = check_observer(d, i, error);
		else if (d->conf.hierarchical)
			r = check_grouped(d, i, error);
		else
			r = check_flat(d, i, error);
	}
	return r;
}
