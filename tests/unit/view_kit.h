/* Server 1 of three, and what its doors said: for the tests of what view makes of it. */
#ifndef TESTS_UNIT_VIEW_KIT_H
#define TESTS_UNIT_VIEW_KIT_H

#include "config/conf.h"
#include "tests/unit/asks_kit.h"

static struct conf conf;

static int
setup(void **state)
{
	(void)state;
	memset(&conf, 0, sizeof(conf));
	memset(&asks, 0, sizeof(asks));
	conf.id = 1;
	conf.zab = true;
	conf.supervisor.watchdog_ms = 2000;
	conf.timing.notify_max_ms = 1000;
	for (int64_t id = 1; id <= 3; id++)
		conf.servers[conf.server_count++] =
		    (struct conf_server){.id = id,
		                         .host = "10.0.0.1",
		                         .quorum_port = 2888,
		                         .election_port = 3888,
		                         .weight = 1};
	return 0;
}

/* Other answers in the same test. */
static void
again(void)
{
	asks_deinit(&asks);
	memset(&asks, 0, sizeof(asks));
}

#endif
