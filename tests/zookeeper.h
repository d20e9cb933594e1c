/* The election core as ZooKeeper: its times, and no addition. */
#ifndef TESTS_ZOOKEEPER_H
#define TESTS_ZOOKEEPER_H

#include "elector/elect.h"

static inline void
elect_options_zookeeper(struct elect_options *out)
{
	*out = (struct elect_options){.config_text = "",
	                              .notify_min_ms = 200,
	                              .notify_max_ms = 60000,
	                              .finalize_ms = 200};
}

#endif
