/* The groups of servers that the stateful fuzzers of the elector and the peer run in. */
#ifndef TESTS_FUZZ_GROUPS_H
#define TESTS_FUZZ_GROUPS_H

#include "wire/qconfig.h"

#include <stdio.h>
#include <stdlib.h>

enum fuzz_group {
	FUZZ_GROUP_ONE,
	FUZZ_GROUP_THREE,
	FUZZ_GROUP_FIVE,
	FUZZ_GROUP_OBSERVERS,  /* three voters, two observers */
	FUZZ_GROUP_WEIGHTS,    /* two groups of three, one server without a weight */
	FUZZ_GROUP_ONE_COUNTS, /* three voters, of which the first has all the weight */
	FUZZ_GROUP_LARGEST,    /* as many voters as there may be */
	FUZZ_GROUPS,
};

/* `out` has the servers first, first + 1, … */
static inline void
fuzz_group_make(enum fuzz_group which, unsigned first, int64_t version,
                struct qconfig *out)
{
	static const unsigned counts[FUZZ_GROUPS] = {
	    1, 3, 5, 5, 6, 3, QCONFIG_SERVERS_MAX};
	static char text[QCONFIG_TEXT_MAX];
	size_t len = 0;

	for (unsigned i = 0; i < counts[which]; i++)
		len += (size_t)snprintf(
		    text + len, sizeof(text) - len, "server.%u=h%u:2888:3888:%s;2181\n",
		    first + i, first + i,
		    which == FUZZ_GROUP_OBSERVERS && i >= 3 ? "observer" : "participant");
	if (which == FUZZ_GROUP_WEIGHTS)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		                        "group.1=%u:%u:%u\ngroup.2=%u:%u:%u\n"
		                        "weight.%u=0\nweight.%u=3\n",
		                        first, first + 1, first + 2, first + 3, first + 4,
		                        first + 5, first + 5, first);
	if (which == FUZZ_GROUP_ONE_COUNTS)
		len +=
		    (size_t)snprintf(text + len, sizeof(text) - len,
		                     "group.1=%u:%u:%u\nweight.%u=0\nweight.%u=0\n",
		                     first, first + 1, first + 2, first + 1, first + 2);
	len += (size_t)snprintf(text + len, sizeof(text) - len, "version=%llx",
	                        (unsigned long long)version);
	if (len >= sizeof(text) || qconfig_parse(text, len, true, out) != QCONFIG_OK)
		abort();
}

#endif
