/* A core of elector/elect with memberships. */
#ifndef TESTS_UNIT_ELECT_MEMBERS_H
#define TESTS_UNIT_ELECT_MEMBERS_H

#include "tests/unit/test_elect_lab.h"

#define SERVER(n) "server." #n "=127.0.0.1:280" #n ":380" #n ":participant\n"

static struct lab lab;
static struct qconfig next;

/* Node `sid` of 1 … 3, in version 5; the next members are `first` … `last`, in version
 * `version` (0: there are none). */
static inline void
prepare(int64_t sid, int64_t first, int64_t last, int64_t version)
{
	static const char text[] = SERVER(1) SERVER(2) SERVER(3) "version=5";

	lab_prepare(&lab, sid, 3, true);
	assert_int_equal(qconfig_parse(text, strlen(text), true, &lab_config),
	                 QCONFIG_OK);
	lab.options.config_text = text;
	lab.options.config_text_len = strlen(text);
	lab.options.joint = lab.options.follow_newer = true;
	if (version == 0)
		return;
	lab_servers(&next, first, last);
	next.version = version;
	lab.options.last_seen = &next;
}

/* A vote of the round that `lab` is in, like its own proposal. */
static inline void
agree(int64_t from)
{
	struct elect_view v = lab_view(&lab);

	lab_recv(&lab, from, L, v.proposal.leader, v.proposal.zxid, v.clock,
	         v.proposal.epoch);
}

#endif
