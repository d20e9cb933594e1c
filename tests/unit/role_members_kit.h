/* A core beside a cluster of them: for the tests of memberships that need both. */
#ifndef TESTS_UNIT_ROLE_MEMBERS_KIT_H
#define TESTS_UNIT_ROLE_MEMBERS_KIT_H

#include "tests/unit/role_cluster.h"

static struct kit k;

static int
set_up(void **state)
{
	(void)state;
	cluster_clear();
	memset(&k, 0, sizeof(k));
	kit_members(&k.members, 3, 0);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	role_free(k.role);
	cluster_clear();
	return 0;
}

#endif
